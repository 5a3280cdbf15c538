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

func TestTaskLearns(t *testing.T)      { table.Learns(t) }
func TestTaskThreads(t *testing.T)     { table.Threads(t) }
func TestTaskResume(t *testing.T)      { table.Resume(t) }
func TestTaskMemoryLimit(t *testing.T) { table.MemoryLimit(t) }
func TestTaskAccumulates(t *testing.T) { table.Accumulates(t) }
func TestTaskMonitor(t *testing.T)     { table.Monitor(t) }
func TestTaskBatchOfOne(t *testing.T)  { table.BatchOfOne(t) }
func TestTaskState(t *testing.T)       { table.State(t) }
func TestTaskLoads(t *testing.T)       { table.Loads(t) }
