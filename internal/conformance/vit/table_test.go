// Package vit tries tasks of pictures on a vision transformer by the table of conformance.
package vit

import (
	"testing"

	"github.com/tessera-go/tessera/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

// table tries a vision transformer of two blocks under tasks that read its features in each way: as one vector, as a map that a
// decoder grows, by a teacher.
var table = conformance.Table{Of: []string{"pictures"}, Trunk: "vit-tiny?patch=8&depth=2",
	Tasks: []string{"rotation", "context-encoder?width=8", "byol?hidden=32&out=8"}}

func TestTask(t *testing.T) { table.Try(t, "Broken", "RefusesOtherData") }
