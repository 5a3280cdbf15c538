package main

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"runtime"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"
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
		im, err := src.Image(i)
		if err != nil {
			continue
		}
		im = viewFor(cell-4)(im, nil)
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
	return &cobra.Command{
		Use:   "doctor",
		Short: "say what this machine is and how fast the kernels are here",
		Args:  args(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			c := cpuid.CPU
			peak1 := tilePeak()
			rows := []benchRecord{}
			for _, w := range benchWork() {
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
			fmt.Println("convolution: 1x1 stride 1 as a matrix product; depthwise over channels; all others as an\nimplicit product that reads the padded image where it lies")
			if simd.Active() == simd.Go {
				fmt.Fprintln(os.Stderr, "warning: the Go loops are in use; this is the slow path")
			}
			return nil
		},
	}
}

func levelNames() []string {
	var out []string
	for _, l := range simd.Levels() {
		out = append(out, l.String())
	}
	return out
}
