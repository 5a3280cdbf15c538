package workload

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"sort"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Pictures returns the JPEGs of the image workloads: those of a folder, or sixty of 500 by 375 pixels that are made here
// as the peers' benchmark makes its own: smooth fields of colour with noise, about the size of a photo's file.
func Pictures(dir string) ([][]byte, error) {
	var out [][]byte
	if dir != "" {
		files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
		if err != nil {
			return nil, err
		}
		sort.Strings(files)
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			out = append(out, b)
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%s holds no .jpg files", dir)
		}
		return out, nil
	}
	rng := tensor.NewRNG(1)
	for range 60 {
		low := data.NewImage(12, 16)
		for i := range low.Pix {
			low.Pix[i] = uint8(rng.IntN(256))
		}
		im := data.ResizeTo(low, 375, 500)
		p := image.NewRGBA(image.Rect(0, 0, im.W, im.H))
		noisy := func(v uint8) uint8 { return uint8(min(max(float32(v)+12*rng.Normal(), 0), 255)) }
		for i := range im.W * im.H {
			q := im.Pix[3*i:]
			p.SetRGBA(i%im.W, i/im.W, color.RGBA{noisy(q[0]), noisy(q[1]), noisy(q[2]), 255})
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 85}); err != nil {
			return nil, err
		}
		out = append(out, b.Bytes())
	}
	return out, nil
}

// Images lists the image workloads: one goroutine, all pictures once, as one worker of the peers' loader.
func Images(dir string) []Item {
	const size = 224
	load := func() [][]byte {
		js, err := Pictures(dir)
		if err != nil {
			panic(err)
		}
		return js
	}
	frame, mirror, jitter := data.RandomResized(size, 0.08, 1), data.RandomHorizontalFlip(0.5), data.ColorJitter(0.4, 0.4, 0.4, 0.1)
	item := func(id string, run func(js [][]byte) func()) Item {
		return Item{ID: "image/" + id + "/500x375", setup: func() func() { return run(load()) }}
	}
	decode := func(js [][]byte) func() {
		return func() {
			for _, j := range js {
				if _, err := data.Decode(j); err != nil {
					panic(err)
				}
			}
		}
	}
	pipeline := func(decoded, jittered bool) func(js [][]byte) func() {
		return func(js [][]byte) func() {
			x := make([]float32, size*size*3)
			rng := tensor.NewRNG(1)
			choose := func(h, w int) data.Frame { return frame(h, w, rng) }
			ims := make([]*data.Image, len(js))
			if decoded {
				for i, j := range js {
					var err error
					if ims[i], err = data.Decode(j); err != nil {
						panic(err)
					}
				}
			}
			return func() {
				for i, j := range js {
					var im *data.Image
					if decoded {
						im = choose(ims[i].H, ims[i].W).Of(ims[i])
					} else {
						var err error
						if im, err = data.DecodeFrame(j, choose); err != nil {
							panic(err)
						}
					}
					im = mirror(im, rng)
					if jittered {
						im = jitter(im, rng)
					}
					data.ImageNetNorm.Normalize(x, im)
				}
			}
		}
	}
	out := []Item{
		item("decode", decode),
		item("rrc_flip_norm", pipeline(true, false)),
		item("rrc_flip_jitter_norm", pipeline(true, true)),
		item("decode_rrc_flip_norm", pipeline(false, false)),
		item("decode_rrc_flip_jitter_norm", pipeline(false, true)),
	}
	// the peers' second ways: another decoder, transforms of tensors
	for i, suffix := range map[int]string{0: "#tv_io", 3: "#v2", 4: "#v2"} {
		again := out[i]
		again.ID += suffix
		out = append(out, again)
	}
	return out
}
