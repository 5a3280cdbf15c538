package main

import (
	"bytes"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tiny is a module with a room.
var tiny = map[string]string{
	".gitignore": "ignored.go\n",
	"go.mod":     "module tiny\n\ngo 1.24\n",
	"room/sums.go": `package room

const size = 3 * 4 // constants have no mutants, nor have lengths and cases

var places [size + 1]int

func Sum(n int) int {
	s := 0
	for i := 1; i < n; i++ {
		s += i * 2
	}
	return s
}

func Clamp(x float64) float64 {
	if x > 10 {
		return 10
	}
	if x <= -10 {
		return -10
	}
	return x
}

func Odd(x, y int, on bool) (int, bool) {
	x--
	return -x%y - x/y, (x != y) == on
}
`,
	"room/words.go": `package room

type seconds int

func Same(a, b string) bool { return a == b }

func Named(a string) string { return a + "x" }

func Twice(s seconds) seconds { return s * 2 }
`,
	"room/room_test.go": `package room

import (
	"os"
	"testing"
	"time"
)

func TestSum(t *testing.T) {
	if Sum(4) != 12 {
		t.Fail()
	}
}

func TestClamp(t *testing.T) {
	if Clamp(3) != 3 || Clamp(11) != 10 {
		t.Fail()
	}
}

func TestClampSlowly(t *testing.T) { // the last that runs
	time.Sleep(1100 * time.Millisecond)
	if Clamp(-11) != -10 {
		t.Fail()
	}
}

func TestOdd(t *testing.T) {
	if n, same := Odd(8, 5, true); n != -3 || !same || len(places) != 13 {
		t.Fail()
	}
}

func TestShared(t *testing.T) {
	if _, err := os.Stat("../../shared/note"); err != nil {
		t.Error(err)
	}
}

func TestWrong(t *testing.T) { t.Error("wrong without a mutant") }
`,
	"room/ignored.go":   "package other\n",
	"untested/some.go":  "package untested\n\nfunc Less(a, b int) bool { return a < b }\n",
	"broken/some.go":    "package broken\n\nfunc Less(a, b int) bool { return a < c }\n",
	"../shared/note":    "",
	"gone/forgotten.go": "package gone\n",
}

// module makes the tiny module's folder the working directory, and tells what the tool logs.
func module(t *testing.T) *bytes.Buffer {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	root := filepath.Join(t.TempDir(), "module")
	for name, text := range tiny {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	for _, args := range []string{"init -q", "add ."} {
		if out, err := exec.Command("git", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
	}
	if err := os.RemoveAll("gone"); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"MUTANT", "MUTANTS_SEEN"} { // where this test is itself judged
		t.Setenv(v, "")
	}
	var b bytes.Buffer
	before := log.Writer()
	log.SetOutput(&b)
	t.Cleanup(func() { log.SetOutput(before) })
	return &b
}

// TestFates: each kind of mutant of the tiny room ends as it must.
func TestFates(t *testing.T) {
	said := module(t)
	var out bytes.Buffer
	if err := judge(&out, "room", "*.go", regexp.MustCompile("Sum|Clamp|Odd|Shared"), 2, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	want := `time limit  sums.go:9:22  ++ to --
lived       sums.go:16:7  > moved by one
lived       sums.go:19:7  <= moved by one
not reached words.go:5:40  == and != exchanged

| file | mutants | killed | in a time limit | lived | not reached |
|---|---:|---:|---:|---:|---:|
| ` + "`sums.go`" + ` | 15 | 12 | 1 | 2 | 0 |
| ` + "`words.go`" + ` | 1 | 0 | 0 | 0 | 1 |
| ` + "`all`" + ` | 16 | 12 | 1 | 2 | 1 |
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", &out, want)
	}
	for _, line := range []string{"left out, its type is not a plain number: words.go:9:42\n", "16 mutants, 5 tests, the slowest TestClampSlowly takes 1."} {
		if !strings.Contains(said.String(), line) {
			t.Errorf("%s\nlacks %q", said, line)
		}
	}
}

// TestChoice: of some files, by some tests; and those that run are the room's.
func TestChoice(t *testing.T) {
	module(t)
	for _, c := range []struct {
		room, files, tests string
		jobs               int
		want, fails        string
	}{
		{"room", "words.go", "Odd", 1, "| `all` | 1 | 0 | 0 | 0 | 1 |\n", ""},
		{"room", "*.go", "Odd", 0, "16 mutants\n", ""},
		{"room", "[", "Odd", 0, "", "syntax error in pattern"},
		{"room", "words.go", "None", 1, "", "no test matches None"},
		{"room", "words.go", "Wrong", 1, "", "TestWrong fails by itself"},
		{"untested", "*.go", ".", 1, "", "untested has no tests, so nothing notices its 2 mutants"},
		{"broken", "*.go", ".", 1, "", "with errors: broken"},
		{"none", "*.go", ".", 1, "", "with errors: none"},
	} {
		var out bytes.Buffer
		err := judge(&out, c.room, c.files, regexp.MustCompile(c.tests), c.jobs, 3*time.Second)
		if c.fails == "" && (err != nil || !strings.HasSuffix(out.String(), c.want)) || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || out.Len() > 0) {
			t.Errorf("%s, %s, %s: %v\n%swant %q", c.room, c.files, c.tests, err, &out, c.want+c.fails)
		}
	}
	t.Chdir("room")
	if err := judge(&bytes.Buffer{}, "room", "*.go", regexp.MustCompile("."), 1, time.Second); err == nil || !strings.Contains(err.Error(), "module's root") {
		t.Errorf("not in the module's root: %v", err)
	}
}
