package data

import "testing"

// TestSceneVariants: one thing is drawn anew, and what does not touch it stays: of another background the object, of another colour the background.
func TestSceneVariants(t *testing.T) {
	s := NewScenes(6, 48, 3, Train)
	d := s.Dataset()
	for i := range s.Len() {
		plain := s.Scene(i)
		for _, name := range d.Truth.Varied.Variants() {
			im, err := d.Truth.Varied.Variant(name).Image(i)
			if err != nil {
				t.Fatal(err)
			}
			changed, ground, inside := 0, 0, 0
			for p := range plain.Instances {
				if [3]uint8(im.Pix[3*p:]) == [3]uint8(plain.Image.Pix[3*p:]) {
					continue
				}
				changed++
				if plain.Instances[p] == 0 {
					ground++
				}
				if plain.Instances[p] == 1 {
					inside++
				}
			}
			if changed == 0 && name != variantClutter {
				t.Errorf("scene %d: another %s changes nothing", i, name)
			}
			if name == variantColour && ground > changed/4 {
				t.Errorf("scene %d: another colour changes %d of %d pixels of the background", i, ground, changed)
			}
			if name == variantBackground && inside > changed/4 {
				t.Errorf("scene %d: another background changes %d of %d pixels of the object", i, inside, changed)
			}
			if again := newVaried(s.draws(i), 1, name); again.things[0].class != plain.Class {
				t.Errorf("scene %d: another %s is of another class", i, name)
			}
		}
	}
	half := d.Subset([]int{4, 1}, "")
	a, _ := half.Truth.Varied.Variant("pose").Image(0)
	b, _ := d.Truth.Varied.Variant("pose").Image(4)
	if string(a.Pix) != string(b.Pix) {
		t.Error("a subset's variants are others")
	}
}
