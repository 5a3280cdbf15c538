package main

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"runtime"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

func newTasks(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "tasks",
		Short: "list the pretext tasks, networks and kinds of data",
		Args:  args(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if g.json {
				return printJSON(map[string]any{"tasks": pretext.Names(), "trunks": layers.TrunkNames(), "data": data.Kinds})
			}
			fmt.Println("Pretext tasks (TASK or TASK?option=value):")
			for _, n := range pretext.Names() {
				line, options := pretext.About(n)
				fmt.Printf("  %-16s %s\n  %-16s options: %s\n", n, line, "", options)
			}
			fmt.Println("\nNetworks (--trunk):")
			for _, n := range layers.TrunkNames() {
				fmt.Printf("  %-16s %s\n", n, layers.AboutTrunk(n))
			}
			fmt.Println("\nData (--data):")
			for _, k := range data.Kinds {
				fmt.Printf("  %-16s %s\n", k[0], k[1])
			}
			return nil
		},
	}
}

func newData(g *global) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "data SPEC",
		Short: "look at a source: samples, classes, the first pictures",
		Long: `Data opens a source and says what it holds. SPEC is kind:path?option=value:

  scenes              procedural pictures; options n, side, seed
  cifar10:DIR         CIFAR-10's binary batches
  idx:DIR             MNIST and the like
  folder:DIR          images in any tree; labels are the first folder level
  every kind          split=train|test (where there are splits), n=N for the first N of a
                      seeded order`,
		Args: args(1, "one SPEC"),
		RunE: func(_ *cobra.Command, a []string) error {
			src, err := data.Open(a[0], data.Train)
			if err != nil {
				return err
			}
			count := map[int]int{}
			for i := range src.Len() {
				count[src.Label(i)]++
			}
			if out != "" {
				if err := savePNG(out, contactSheet(src, 96)); err != nil {
					return err
				}
			}
			if g.json {
				return printJSON(map[string]any{"name": src.Name(), "samples": src.Len(), "classes": src.Classes(), "fingerprint": src.Fingerprint()})
			}
			fmt.Printf("%s: %d samples, %d classes, fingerprint %s\n", src.Name(), src.Len(), len(src.Classes()), src.Fingerprint())
			for i, c := range src.Classes() {
				fmt.Printf("  %-20s %d\n", c, count[i])
			}
			if im, err := src.Image(0); err != nil {
				fmt.Println("  the first sample cannot be read:", err)
			} else {
				fmt.Printf("  the first, %s, is %dx%d\n", src.Describe(0), im.W, im.H)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "PNG with the first pictures of a seeded order")
	return cmd
}

// contactSheet shows n samples of a seeded order.
func contactSheet(src data.Source, n int) image.Image {
	const cell, cols = 68, 12
	n = min(n, src.Len())
	pic := image.NewRGBA(image.Rect(0, 0, cols*cell+4, (n+cols-1)/cols*cell+4))
	for i := range pic.Pix {
		pic.Pix[i] = 255
	}
	for k, i := range tensor.NewRNG(1).Perm(src.Len())[:n] {
		im, err := viewOf(src, i, cell-4)
		if err != nil {
			continue
		}
		for y := range im.H {
			for x := range im.W {
				o := (y*im.W + x) * 3
				pic.SetRGBA(4+k%cols*cell+x, 4+k/cols*cell+y, color.RGBA{im.Pix[o], im.Pix[o+1], im.Pix[o+2], 255})
			}
		}
	}
	return pic
}

func newDoctor(g *global) *cobra.Command {
	var trunk, picture string
	var batch, side int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "say what this machine is and how fast the kernels are here",
		Long: `Doctor measures the kernels on this machine. With --trunk it prints, instead, which algorithm each
convolution of a trunk uses in its three passes; the choice depends on the shapes alone, never on the machine.`,
		Args: args(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if picture != "" && trunk == "" {
				return usage("--roofline wants a --trunk")
			}
			if trunk != "" {
				return explainTrunk(trunk, batch, side, picture, g.json)
			}
			c := cpuid.CPU
			peak1 := tilePeak()
			rows := []benchRecord{}
			for _, w := range benchWork(autograd.RecomputeNothing) {
				if w.id == "gemm/1024x1024x1024" || w.id == "conv_fwd/resnet50.layer1.0.conv2/n8" || w.id == "ew/relu_inplace/16M" {
					rows = append(rows, w.measure(true))
				}
			}
			if g.json {
				return printJSON(map[string]any{"cpu": c.BrandName, "levels": levelNames(), "active": simd.Active().String(), "threads": parallel.Workers(),
					"tile_gflops_1_thread": peak1, "bench": rows})
			}
			fmt.Printf("CPU       %s, %d cores seen, %s/%s\n", c.BrandName, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
			fmt.Printf("caches    L1 %d KiB, L2 %d KiB, L3 %d KiB\n", c.Cache.L1D>>10, c.Cache.L2>>10, c.Cache.L3>>10)
			fmt.Printf("kernels   %v (this machine runs %v), panels of %d columns\n", simd.Active(), levelNames(), simd.Panel())
			fmt.Printf("threads   %d\n", parallel.Workers())
			fmt.Printf("tile      %.0f GFLOP/s on one thread, operands in the first-level cache\n", peak1)
			for _, r := range rows {
				fmt.Printf("%-40s %8.2f ms", r.ID, r.Median*1e3)
				if r.GFLOPS > 0 {
					fmt.Printf("  %7.0f GFLOP/s, %.0f %% of the tile's", r.GFLOPS, 100*r.GFLOPS/(peak1*float64(parallel.Workers())))
				}
				fmt.Println()
			}
			fmt.Println("convolutions: doctor --trunk NAME prints the algorithm of every layer")
			if simd.Active() == simd.Go {
				fmt.Fprintln(os.Stderr, "warning: the Go loops are in use; this is the slow path")
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&trunk, "trunk", "", "print the algorithms of this trunk's convolutions")
	f.StringVar(&picture, "roofline", "", "with --trunk: time its convolutions and draw them under the machine's roofs, as this SVG file")
	f.IntVar(&batch, "batch-size", 32, "images, with --trunk")
	f.IntVar(&side, "side", 0, "their side, with --trunk; 0 is the trunk's own")
	return cmd
}

// layerPlan is a line of doctor --trunk.
type layerPlan struct {
	Layer     string   `json:"layer"`
	Input     []int    `json:"input"`
	Weight    []int    `json:"weight"`
	Stride    int      `json:"stride"`
	GFLOP     float64  `json:"gflop"` // of the forward pass, counted as a direct convolution
	Algorithm []string `json:"algorithm"`

	pad     int
	grouped bool // or dilated
}

// explainTrunk prints the algorithm of each convolution: forward, gradient of the input, gradient of the weight.
func explainTrunk(name string, batch, side int, picture string, asJSON bool) error {
	net, err := layers.NewTrunk(name, tensor.NewRNG(1), 3, layers.TrunkOptions{})
	if err != nil {
		return usage("--trunk: %v", err)
	}
	if batch < 1 || side < 0 {
		return usage("--batch-size %d, --side %d: want at least 1", batch, side)
	}
	if side == 0 {
		side = net.Side
	}
	var plans []layerPlan
	tape := autograd.NewTape(nil)
	tape.Training = false
	tape.OnConv = func(place string, x, w, y []int, g tensor.Conv) {
		y = append([]int{batch}, y[1:]...)
		p := layerPlan{Layer: place, Input: append([]int{batch}, x[1:]...), Weight: w, Stride: max(g.Stride, 1), GFLOP: 2e-9 * float64(tensor.Size(y)*tensor.Size(w)/w[3])}
		p.pad, p.grouped = g.Pad, g.Groups > 1 || g.Dilation > 1
		for pass := tensor.Forward; pass <= tensor.GradWeight; pass++ {
			a := g.Plan(pass, y, w).String()
			if w[0] == 1 && w[1] == 1 && p.Stride == 1 && g.Pad == 0 && g.Groups <= 1 {
				a = "product"
			}
			p.Algorithm = append(p.Algorithm, a)
		}
		plans = append(plans, p)
	}
	err = autograd.Try(func() { net.Forward(tape.Input(tensor.New(1, side, side, 3))) })
	if err != nil {
		return fmt.Errorf("%s on %d by %d pixels: %w", name, side, side, err)
	}
	if picture != "" {
		return reportRoofline(picture, fmt.Sprintf("%s, %d images of %d pixels", name, batch, side), plans, asJSON)
	}
	if asJSON {
		return printJSON(plans)
	}
	fmt.Printf("%-22s %-13s %-14s %7s  %-9s %-9s %s\n", name, "input", "weight", "GFLOP", "forward", "d input", "d weight")
	for _, p := range plans {
		in := fmt.Sprintf("%dx%dx%d", p.Input[1], p.Input[2], p.Input[3])
		w := fmt.Sprintf("%dx%d/%d %d->%d", p.Weight[0], p.Weight[1], p.Stride, p.Weight[2], p.Weight[3])
		fmt.Printf("%-22s %-13s %-14s %7.2f  %-9s %-9s %s\n", p.Layer, in, w, p.GFLOP, short(p.Algorithm[0]), short(p.Algorithm[1]), short(p.Algorithm[2]))
	}
	fmt.Printf("%d images of %d by %d. F(2,3) and F(4,3): Winograd; product: a plain matrix product; direct: an\nimplicit product that reads the padded image where it lies.\n", batch, side, side)
	return nil
}

// short is an algorithm's name in the table.
func short(a string) string {
	switch a {
	case "winograd2":
		return "F(2,3)"
	case "winograd4":
		return "F(4,3)"
	}
	return a
}

func levelNames() []string {
	var out []string
	for _, l := range simd.Levels() {
		out = append(out, l.String())
	}
	return out
}
