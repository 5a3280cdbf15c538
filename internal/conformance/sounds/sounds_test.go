// Package sounds tries the tasks of sounds, and of films with sound, by the table of conformance.
package sounds

import (
	"testing"

	"github.com/tessera-go/tessera/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

var table = conformance.Table{Of: []string{"sounds", "films with sound"}}

func TestTask(t *testing.T) { table.Try(t) }
