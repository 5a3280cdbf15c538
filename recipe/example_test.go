package recipe_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/report"
)

// A folder of pictures is learned from without labels, then judged by the names of its folders, beside random weights, raw pixels and
// a supervised network, and reported on one page.
func Example() {
	photos := folderOfPictures()
	run := photos + "-run"
	defer os.RemoveAll(photos)
	defer os.RemoveAll(run)

	c, err := recipe.For("rotation")
	if err != nil {
		log.Fatal(err)
	}
	c.Data, c.Side, c.BatchSize, c.Epochs = "folder:"+photos, 16, 16, 4
	r, err := recipe.New(c, recipe.Options{})
	if err != nil {
		log.Fatal(err)
	}
	info, err := r.Train(context.Background(), run, false)
	if err != nil {
		log.Fatal(err)
	}
	scores, err := recipe.Compare(context.Background(), run, recipe.Comparison{Protocols: []eval.Protocol{eval.KNN{}, eval.Probe{}}})
	if err != nil {
		log.Fatal(err)
	}
	if err := report.Write(filepath.Join(run, "report.html"), []string{run}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Done, "steps;", len(scores), "scores, the first of", scores[0].Features, "by", scores[0].Protocol)
	// Output: 24 steps; 26 scores, the first of pretext by knn
}

// folderOfPictures makes a folder of 101 scenes, one folder a class.
func folderOfPictures() string {
	dir, err := os.MkdirTemp("", "tessera-photos")
	if err != nil {
		log.Fatal(err)
	}
	src := data.NewScenes(101, 16, 1, data.Train).Dataset()
	for i := range src.Len() {
		im, err := src.Images.Image(i)
		if err != nil {
			log.Fatal(err)
		}
		class := filepath.Join(dir, src.Truth.Classes()[src.Truth.Label(i)])
		if err := os.MkdirAll(class, 0o755); err != nil {
			log.Fatal(err)
		}
		if err := recipe.SavePNG(filepath.Join(class, fmt.Sprintf("%03d.png", i)), im.RGBA()); err != nil {
			log.Fatal(err)
		}
	}
	return dir
}
