package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
)

func TestMain(m *testing.M) { Main(m) }

// table is of the tasks of pictures and texts, up to l; the others have rooms of their own: more, films, sounds.
var table = Table{Of: []string{"pictures", "texts"}, Part: 1}

// elsewhere is what tasks learn from that have rooms of their own: films and sounds.
var elsewhere = map[string]bool{"films": true, "sounds": true, "films with sound": true}

// TestEveryTaskIsTried: a task that learns from something else needs a room and a material.
func TestEveryTaskIsTried(t *testing.T) {
	for _, task := range pretext.Names() {
		if of := pretext.Tell(task).Of; !elsewhere[of] && len(Table{Of: table.Of}.names(task)) == 0 {
			t.Errorf("%s learns from %q, which no room of tests tries", task, of)
		}
	}
}

func TestTask(t *testing.T) { table.Try(t) }

// TestBrokenText: a text that cannot be read to its end ends a run before it begins, with the file's name.
func TestBrokenText(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.txt"), []byte(sentences(20, "a")), 0o644)
	os.WriteFile(filepath.Join(dir, "b.gz"), []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken"), 0o644)
	c := table.small(t, "word2vec")
	c.Data = "text:" + dir
	if _, err := recipe.New(c, recipe.Options{}); err == nil || strings.Count(err.Error(), "b.gz") != 1 {
		t.Errorf("a broken file: %v", err)
	}
}
