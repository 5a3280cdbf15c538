package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/columns"
	"github.com/tessera-go/tessera/internal/workload"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// injectors lists what the option inject knows.
func injectors() string {
	const under = 24
	var out []string
	for _, k := range data.Injectors() {
		out = append(out, columns.Fold(fmt.Sprintf("%*s%-11s%s", under, "", k[0], k[1]), 80, strings.Repeat(" ", under+11))...)
	}
	return strings.Join(out, "\n")
}

// dataLong says what there is; what can be put into pictures is said behind it.
const dataLong = `Data opens a source and says what it holds. SPEC is kind:path?option=value:

  scenes              procedural pictures; options n, side, seed; with
                      frames=24 films of people who act, rate=12 a second;
                      with sound=yes of instruments that are heard, hz=16000
  cifar10:DIR         CIFAR-10's binary batches
  idx:DIR             MNIST and the like
  folder:DIR          images in any tree; labels are the first folder level;
                      train and test (or val) alone are splits, cut=0.8/0.2
                      makes two of any folder; stretch=yes for 12 bits in 16,
                      truncated=accept for JPEGs cut short
  video:PATH          films, a file or those of any tree; labels are the first
                      folder level, cut=0.8/0.2 makes two parts; GIF, Y4M,
                      MPEG-1 and AVI of JPEGs as they are, other kinds by the
                      program ffmpeg, where it is installed
  frames:DIR          films as folders of numbered pictures, rate=25 a second
  films               as=frames makes pictures of their frames, each=K of each
                      K-th, labels=pose, film, ... of what is known about them
  audio:PATH          recordings, a file or those of any tree; labels are those
                      of meta.csv, the first folder level, or names such as
                      7_ann_3.wav; WAV, FLAC, MP3, Ogg Vorbis as they are, others
                      by ffmpeg; cut=0.8/0.2 keeps speakers and folds whole
  av:PATH             films with sound, as video:PATH; those without are left out
  people:PATH         people with their joints, a square around each: a CSV of
                      joints, COCO's key points, MPII's people as MMPose has
                      them, or a folder with COCO's or MPII's files
  voc:DIR             pictures with boxes as Pascal VOC has them: Annotations,
                      JPEGImages, lists of ImageSets/Main as splits; also XML
                      beside pictures; segments=yes for classes of pixels
  coco:PATH           pictures with boxes as COCO has them: a JSON, or a folder
                      with annotations/instances_train*.json and _val*.json
  yolo:DIR            pictures with boxes as YOLO has them: images, labels, and
                      names in data.yaml or classes.txt
  rgbd:DIR            pictures with depths, and surface normals where the camera is
                      known: the pairs that DIR/pairs.csv lists
  text:PATH           text in UTF-8, a file or the files of any tree, also
                      packed by gzip, zstd or bzip2
  every kind          split=train|test (where there are splits), n=N for the
                      first N of a seeded order, inject=NAME:STRENGTH,... for
                      traces that a task could take for an answer:
`

func newData(g *global) *cobra.Command {
	var out, films string
	cmd := &cobra.Command{
		Use:   "data SPEC",
		Short: "look at a source: samples, classes, the first pictures",
		Long:  dataLong + injectors(),
		Args:  args(1, "one SPEC"),
		RunE: func(_ *cobra.Command, a []string) error {
			src, err := data.Open(a[0], data.Train)
			if err != nil {
				return err
			}
			count := map[int]int{}
			for i := range src.Len() {
				count[src.Truth.Label(i)]++
			}
			src.Listen(func(note string) { src.Notes = append(src.Notes, note) })
			if out != "" {
				sheet, err := recipe.Sheet(src)
				if err != nil {
					return err
				}
				if err := recipe.SavePNG(out, sheet); err != nil {
					return err
				}
			}
			if films != "" {
				if err := exportFilms(src, films); err != nil {
					return err
				}
			}
			if g.json {
				return printJSON(told(src))
			}
			say(os.Stdout, "%s: %d samples, %s, fingerprint %s", src.Name, src.Len(), saidClasses(src), src.Fingerprint)
			for i, c := range src.Truth.Classes() {
				fmt.Printf("  %-20s %d\n", c, count[i])
			}
			sayBoxes(src)
			for _, name := range slices.Sorted(maps.Keys(src.Truth.Groups)) {
				say(os.Stdout, "  divided by %s into %d", name, len(src.Truth.Groups[name].Classes()))
			}
			for _, note := range src.Notes {
				say(os.Stdout, "  %s", note)
			}
			if src.Sounds != nil {
				for _, line := range data.SumSounds(src.Sounds).Lines() {
					say(os.Stdout, "  %s", line)
				}
			}
			if src.Clips != nil {
				sayFilm(src)
			}
			if src.Images == nil {
				return nil
			}
			if im, err := src.Images.Image(0); err != nil {
				say(os.Stdout, "  the first sample cannot be read: %v", err)
			} else {
				say(os.Stdout, "  the first, %s, is %dx%d", src.Describe(0), im.W, im.H)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "PNG with the first samples of a seeded order: pictures, frames, spectrograms")
	cmd.Flags().StringVar(&out, "sheet", "", "the same; without a name it is sheet.png")
	cmd.Flags().Lookup("sheet").NoOptDefVal = "sheet.png"
	cmd.Flags().StringVar(&films, "films", "", "folder for the first 8 films of a seeded order, as GIF; with DIR.avi, or where they have sound, as AVI")
	return cmd
}

// saidClasses says of how many classes a source's samples are, or its boxes.
func saidClasses(src *data.Dataset) string {
	counts := src.BoxCounts()
	if counts == nil || src.Truth.Labels != nil {
		return fmt.Sprintf("%d classes", len(src.Truth.Classes()))
	}
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return fmt.Sprintf("%d boxes of %d classes", sum, len(counts))
}

// sayBoxes says how many boxes a source has of each class.
func sayBoxes(src *data.Dataset) {
	names := src.Truth.BoxClasses()
	for c, n := range src.BoxCounts() {
		fmt.Printf("  %-20s %d\n", names[c], n)
	}
}

// told is what data says as JSON.
func told(src *data.Dataset) map[string]any {
	out := map[string]any{"name": src.Name, "samples": src.Len(), "classes": src.Truth.Classes(), "fingerprint": src.Fingerprint, "notes": src.Notes}
	if src.Sounds != nil {
		out["sounds"] = data.SumSounds(src.Sounds)
	}
	if counts := src.BoxCounts(); counts != nil {
		out["box_classes"], out["boxes"] = src.Truth.BoxClasses(), counts
	}
	return out
}

// exportFilms writes some films for a person to look at.
func exportFilms(src *data.Dataset, dir string) error {
	if src.Clips == nil {
		return fmt.Errorf("%s has no films to write, it has %s", src.Name, src.Kinds())
	}
	dir, avi := strings.CutSuffix(dir, ".avi")
	ending := ".gif"
	if avi || src.Sounds != nil {
		ending = ".avi"
	}
	const some = 8
	n := src.Clips.Len()
	files, err := recipe.SaveFilms(src.Inputs, tensor.NewRNG(1).Perm(n)[:min(some, n)], dir, ending)
	for _, f := range files {
		say(os.Stderr, "wrote %s", f)
	}
	return err
}

// sayFilm says how long the first film is, and how large its frames are.
func sayFilm(src *data.Dataset) {
	times, err := src.Clips.Times(0)
	var ims []*data.Image
	if err == nil && len(times) > 0 {
		ims, err = data.ClipOf(src.Clips, 0, []int{0})
	}
	switch {
	case err != nil:
		say(os.Stdout, "  the first sample cannot be read: %v", err)
	case len(ims) == 0:
		say(os.Stdout, "  the first, %s, has no frames", src.Describe(0))
	default:
		say(os.Stdout, "  the first, %s, has %d frames of %dx%d in %.2f s", src.Describe(0), len(times), ims[0].W, ims[0].H, times[len(times)-1]-times[0])
	}
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
				return explainTrunk(trunk, batch, side, picture, g)
			}
			tile, rows := workload.TilePeak(), []workload.Record{}
			for _, w := range examined(workload.All(autograd.RecomputeNothing, g.mode)) {
				rows = append(rows, w.Measure(true))
			}
			return describe(g, tile, rows)
		},
	}
	f := cmd.Flags()
	f.StringVar(&trunk, "trunk", "", "print the algorithms of this trunk's convolutions")
	f.StringVar(&picture, "roofline", "", "with --trunk: time its convolutions and draw them under the machine's roofs, as this SVG file")
	f.IntVar(&batch, "batch-size", 32, "images, with --trunk")
	f.IntVar(&side, "side", 0, "their side, with --trunk; 0 is the trunk's own")
	return cmd
}

// examined returns the workloads that stand for all others: a product, a convolution, a loop over memory.
func examined(all []workload.Item) (out []workload.Item) {
	for _, w := range all {
		if w.ID == "gemm/1024x1024x1024" || w.ID == "conv_fwd/resnet50.layer1.0.conv2/n8" || w.ID == "ew/relu_inplace/16M" {
			out = append(out, w)
		}
	}
	return out
}

// describe says what the machine is and what was measured: a tile's GFLOP/s on one thread, and some of the benchmark's workloads.
func describe(g *global, tile float64, rows []workload.Record) error {
	c := cpuid.CPU
	if g.json {
		return printJSON(map[string]any{"cpu": c.BrandName, "levels": simd.Levels(), "active": simd.Active().String(), "threads": tensor.Threads(),
			"tile_gflops_1_thread": tile, "bench": rows})
	}
	say(os.Stdout, "CPU       %s, %d cores seen, %s/%s", c.BrandName, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Printf("caches    L1 %d KiB, L2 %d KiB, L3 %d KiB\n", c.Cache.L1D>>10, c.Cache.L2>>10, c.Cache.L3>>10)
	fmt.Printf("kernels   %v (this machine runs %v), panels of %d columns\n", simd.Active(), simd.Levels(), simd.Panel())
	fmt.Printf("threads   %d\n", tensor.Threads())
	fmt.Printf("tile      %.0f GFLOP/s on one thread, operands in the first-level cache\n", tile)
	for _, r := range rows {
		fmt.Printf("%-36s %7.2f ms", r.ID, r.Median*1e3)
		if r.GFLOPS > 0 {
			fmt.Printf(" %6.0f GFLOP/s %3.0f %% of the tile", r.GFLOPS, 100*r.GFLOPS/(tile*float64(tensor.Threads())))
		}
		fmt.Println()
	}
	fmt.Println("convolutions: doctor --trunk NAME prints the algorithm of every layer")
	if simd.Active() == simd.Go {
		fmt.Fprintln(os.Stderr, "warning: the Go loops are in use; this is the slow path")
	}
	return nil
}

// explainTrunk prints the algorithm of each convolution: forward, gradient of the input, gradient of the weight.
func explainTrunk(name string, batch, side int, picture string, g *global) error {
	if batch < 1 || side < 0 {
		return usage("--batch-size %d, --side %d: want at least 1", batch, side)
	}
	net, err := layers.NewTrunk(name, tensor.NewRNG(1), 3)
	if err != nil {
		return usage("--trunk: %v", err)
	}
	if side == 0 {
		side = net.Side
	}
	plans, err := workload.Plan(net, batch, side, g.mode)
	if err != nil {
		return err
	}
	if picture != "" {
		return reportRoofline(picture, fmt.Sprintf("%s, a batch of %d, %d pixels", name, batch, side), plans, g.json)
	}
	if g.json {
		return printJSON(plans)
	}
	times := func(n []int) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(n), "[]"), " ", "x") }
	what, wide := "images", 11
	if net.Frames > 0 {
		what, wide = fmt.Sprintf("clips of %d frames", net.Frames), 14
	}
	fmt.Printf("%-21s %-*s %-14s %6s %-7s %-7s %s\n", name, wide, "input", "weight", "GFLOP", "forward", "d input", "d weight")
	for _, p := range plans {
		in, k := times(p.Input[1:]), len(p.Weight)-2
		w := fmt.Sprintf("%s/%d %d->%d", times(p.Weight[:k]), p.Stride, p.Weight[k], p.Weight[k+1])
		fmt.Printf("%-21s %-*s %-14s %6.2f %-7s %-7s %s\n", p.Layer, wide, in, w, p.GFLOP, workload.Short(p.Algorithm[0]), workload.Short(p.Algorithm[1]), workload.Short(p.Algorithm[2]))
	}
	say(os.Stdout, "%d %s of %d by %d. F(2,3) and F(4,3): Winograd; product: a plain matrix product; direct: an implicit product that reads the padded image where it lies.", batch, what, side, side)
	return nil
}

// reportRoofline measures plans, prints the table and draws the picture.
func reportRoofline(path, title string, plans []workload.LayerPlan, asJSON bool) error {
	fmt.Fprintf(os.Stderr, "measuring the convolutions; nothing else should run on this machine\n")
	points, peak, bandwidth := workload.Roofline(plans)
	return saveRoofline(path, fmt.Sprintf("%s, %d threads, %v", title, tensor.Threads(), simd.Active()), points, peak, bandwidth, asJSON)
}

func saveRoofline(path, title string, points []workload.RoofPoint, peak, bandwidth float64, asJSON bool) error {
	if err := checkpoint.Atomic(path, func(w io.Writer) error {
		_, err := io.WriteString(w, workload.DrawRoofline(title, points, peak, bandwidth))
		return err
	}); err != nil {
		return err
	}
	if asJSON {
		return printJSON(map[string]any{"picture": path, "peak_gflops": peak, "gbytes_s": bandwidth, "points": points})
	}
	fmt.Printf("%-22s %-9s %-9s %9s %9s %9s\n", "layer", "pass", "by", "flop/byte", "GFLOP/s", "of roof")
	for _, p := range points {
		fmt.Printf("%-22s %-9s %-9s %9.1f %9.0f %8.0f%%\n", p.Layer, p.Pass, workload.Short(p.Algorithm), p.Intensity, p.GFLOPS, 100*p.GFLOPS/p.Bound)
	}
	say(os.Stdout, "roofs: %.0f GFLOP/s and %.0f GB/s; picture: %s", peak, bandwidth, path)
	return nil
}
