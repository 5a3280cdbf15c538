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

// The tests run this binary as mutants itself.
func TestMain(m *testing.M) {
	if os.Getenv("MUTANTS_TEST_MAIN") == "1" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// judged says which mutant of this tool runs, where there is one.
var judged = []string{"MUTANTS_TEST_MAIN=1", "MUTANT=" + os.Getenv("MUTANT"), "MUTANTS_SEEN=" + os.Getenv("MUTANTS_SEEN")}

// TestCommand: flags and arguments; what is wrong ends with 1.
func TestCommand(t *testing.T) {
	module(t)
	for _, c := range []struct {
		args  string
		fails bool
		want  string
	}{
		{"-count -files words.go ./room/", false, "1 mutants\n"},
		{"", true, "usage: mutants [flags] ./ROOM"},
		{"room untested", true, "usage"},
		{"-run [ room", true, "missing closing ]"},
		{"-count none", true, "with errors: none"},
	} {
		cmd := exec.Command(os.Args[0], strings.Fields(c.args)...)
		cmd.Env = append(os.Environ(), judged...)
		out, err := cmd.CombinedOutput()
		if (err != nil) != c.fails || !strings.Contains(string(out), c.want) {
			t.Errorf("mutants %s: %v: %swant %q", c.args, err, out, c.want)
		}
	}
}

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

var four = Sum(2) * 2

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

func Back(s seconds, on bool) (seconds, bool) { return -s, !on }
`,
	"room/none.go": "package room\n\nfunc None(a []int) int { return len(a) }\n",
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
	Clamp(3)
	if Clamp(11) != 10 {
		t.Fail()
	}
}

func TestClampSlowly(t *testing.T) { // the last that runs, by itself
	time.Sleep(1100 * time.Millisecond)
	if Clamp(-11) != -10 || Clamp(3) != 3 {
		t.Fail()
	}
}

func TestOdd(t *testing.T) {
	if n, same := Odd(8, 5, true); n != -3 || !same || len(places) != 13 || four != 4 {
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
	before, flags := log.Writer(), log.Flags()
	log.SetOutput(&b)
	log.SetFlags(0)
	t.Cleanup(func() {
		log.SetOutput(before)
		log.SetFlags(flags)
	})
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
| ` + "`sums.go`" + ` | 16 | 13 | 1 | 2 | 0 |
| ` + "`words.go`" + ` | 1 | 0 | 0 | 0 | 1 |
| ` + "`all`" + ` | 17 | 13 | 1 | 2 | 1 |
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", &out, want)
	}
	left := "left out, its type is not a plain number: words.go:"
	if log := left + "9:42\n" + left + "11:56\n17 mutants, 5 tests, the slowest TestClampSlowly takes 1."; !strings.HasPrefix(said.String(), log) || strings.Count(said.String(), "\n") != 3 {
		t.Errorf("%s\nwant %s", said, log)
	}
}

// TestProgress: a line for each hundred mutants, and a fate for each.
func TestProgress(t *testing.T) {
	var said bytes.Buffer
	before := log.Writer()
	defer log.SetOutput(before)
	log.SetOutput(&said)
	all := make([]*mutant, 250)
	for i := range all {
		all[i] = &mutant{id: i + 1}
	}
	(&runner{}).judge(all, 3)
	for _, m := range all {
		if m.fate != unreached {
			t.Fatalf("mutant %d %v, and there is no test", m.id, m.fate)
		}
	}
	if s := said.String(); !strings.Contains(s, "100 of 250 after ") || !strings.Contains(s, "200 of 250 after ") || strings.Count(s, "\n") != 2 {
		t.Errorf("said %q", s)
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
		{"room", "*.go", "Odd", 0, "17 mutants\n", ""},
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
