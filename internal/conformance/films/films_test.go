// Package films tries the tasks of films by the table of conformance.
package films

import (
	"testing"

	"github.com/tessera-go/tessera/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

var table = conformance.Table{Of: []string{"films"}}

func TestTask(t *testing.T) { table.Try(t) }
