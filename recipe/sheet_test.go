package recipe

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
)

// TestBoxSheet: where boxes are what is known of pictures, the sheet shows them; one that cannot be read says so in its place.
func TestBoxSheet(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprint(i, ".png"))
		if err := SavePNG(path, image.NewRGBA(image.Rect(0, 0, 130, 65))); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			os.WriteFile(path, []byte("torn"), 0o644)
		}
		os.WriteFile(strings.TrimSuffix(path, ".png")+".txt", []byte("0 0.5 0.5 0.5 0.8\n"), 0o644)
	}
	d, err := data.Open("yolo:"+dir, data.Train)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := Sheet(d)
	if err != nil || sheet.Bounds().Dx() != 3*268+8 {
		t.Fatalf("%v, %v", sheet.Bounds(), err)
	}
	blue, black := 0, 0
	for y := range sheet.Bounds().Dy() {
		for x := range sheet.Bounds().Dx() {
			switch sheet.At(x, y) {
			case canvas.ClassColour(0):
				blue++
			case color.RGBA{0, 0, 0, 255}:
				black++
			}
		}
	}
	// two boxes of 130 by 104 pixels, of lines two thick, and their names
	if least := 2 * (130*104 - 126*100); blue < least || blue > least+500 || black < 2*(260*130-130*104) {
		t.Errorf("%d pixels of boxes, %d of pictures", blue, black)
	}
	if scenes := data.NewScenes(3, 32, 1, data.Train).Dataset(); scenes.Truth.Boxes == nil {
		t.Error("scenes have no boxes")
	} else if s, _ := Sheet(scenes); s.Bounds().Dx() != 12*68+4 {
		t.Errorf("pictures with labels are shown on %v", s.Bounds())
	}
}
