package more

import (
	"testing"

	"github.com/tessera-go/tessera/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

var table = conformance.Table{Of: []string{"pictures", "texts"}, Part: 2}

func TestTask(t *testing.T) { table.Try(t) }
