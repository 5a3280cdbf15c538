package names

import (
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	l := Of("colour", "red", "green")
	for i, name := range []string{"red", "green"} {
		b, err := l.Marshal(i)
		if l.String(i) != name || string(b) != name || err != nil {
			t.Errorf("value %d is %q and %q, %v; want %q", i, l.String(i), b, err, name)
		}
		if got, err := l.Unmarshal([]byte(strings.ToUpper(name))); got != i || err != nil {
			t.Errorf("%q is value %d, %v; want %d", name, got, err, i)
		}
	}
	for _, i := range []int{-1, 2} {
		if b, err := l.Marshal(i); err == nil {
			t.Errorf("value %d has the name %q", i, b)
		}
	}
	if l.String(2) != "colour(2)" || l.String(-1) != "colour(-1)" {
		t.Errorf("values without a name are %q and %q", l.String(2), l.String(-1))
	}
	_, err := l.Unmarshal([]byte("blue"))
	if want := `no colour is called "blue"; there are red, green`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	l.All()[0] = "pink"
	if l.String(0) != "red" {
		t.Error("All hands out the list itself")
	}
}
