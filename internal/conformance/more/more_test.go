package more

import (
	"testing"

	"github.com/tessera-go/tessera/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

var table = conformance.Table{Of: []string{"pictures", "texts"}, Part: 2}

func TestTaskLearns(t *testing.T)           { table.Learns(t) }
func TestTaskThreads(t *testing.T)          { table.Threads(t) }
func TestTaskResume(t *testing.T)           { table.Resume(t) }
func TestTaskMemoryLimit(t *testing.T)      { table.MemoryLimit(t) }
func TestTaskAccumulates(t *testing.T)      { table.Accumulates(t) }
func TestTaskMonitor(t *testing.T)          { table.Monitor(t) }
func TestTaskBroken(t *testing.T)           { table.Broken(t) }
func TestTaskBatchOfOne(t *testing.T)       { table.BatchOfOne(t) }
func TestTaskState(t *testing.T)            { table.State(t) }
func TestTaskLoads(t *testing.T)            { table.Loads(t) }
func TestTaskRefusesOtherData(t *testing.T) { table.RefusesOtherData(t) }
