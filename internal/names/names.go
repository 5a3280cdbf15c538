// Package names gives the values of an enumeration their names: one list serves String, flags, JSON and help.
package names

import (
	"fmt"
	"slices"
	"strings"
)

// List is the names of the values 0, 1, 2, ... of a kind.
type List struct {
	kind  string
	names []string
}

// Of returns the list of a kind's names; kind is what an error calls one of them.
func Of(kind string, names ...string) List { return List{kind, names} }

// All returns the names in order.
func (l List) All() []string { return slices.Clone(l.names) }

// String returns the name of value i, or kind(i) where it has none.
func (l List) String(i int) string {
	if i < 0 || i >= len(l.names) {
		return fmt.Sprintf("%s(%d)", l.kind, i)
	}
	return l.names[i]
}

// Marshal returns the name of value i, for encoding.TextMarshaler.
func (l List) Marshal(i int) ([]byte, error) {
	if i < 0 || i >= len(l.names) {
		return nil, fmt.Errorf("no %s has the number %d", l.kind, i)
	}
	return []byte(l.names[i]), nil
}

// Unmarshal returns the value of that name, in capitals or not, for encoding.TextUnmarshaler. Its error names what there is.
func (l List) Unmarshal(text []byte) (int, error) {
	for i, n := range l.names {
		if strings.EqualFold(n, string(text)) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no %s is called %q; there are %s", l.kind, text, strings.Join(l.names, ", "))
}
