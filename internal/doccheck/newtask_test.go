package doccheck

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNewTask follows docs/a-new-task.md word for word: the file of its first program, the line of its second, then the conformance
// table, without changing the tree (go's -overlay).
func TestNewTask(t *testing.T) {
	page := read(t, "docs/a-new-task.md")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d programs, want the file and the line of the table", len(blocks))
	}
	program, line := blocks[0][1], blocks[1][1]
	code := 0
	for _, l := range strings.Split(program, "\n") {
		if l := strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "//") && !strings.HasPrefix(l, "\"") {
			code++
		}
	}
	if code > 80 {
		t.Errorf("the program has %d lines of code, want at most 80", code)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	const table = "var tasks = map[string]About{\n"
	registry := read(t, "pretext/task.go")
	if !strings.Contains(registry, table) {
		t.Fatal("pretext/task.go has no table of tasks")
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for name, text := range map[string]string{"sideways.go": program, "task.go": strings.Replace(registry, table, table+line, 1)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, "pretext", name)] = path
	}
	b, _ := json.Marshal(map[string]any{"Replace": replace})
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gofmt", "-l", filepath.Join(dir, "sideways.go")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the program is not formatted: %s %v", out, err)
	}
	c := exec.Command("go", "test", "-overlay", overlay, "-count=1", "-v", "-run", "TestTask/.*/sideways", "./internal/conformance/more")
	c.Dir = root
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "--- PASS: TestTask"); n < 15 { // each test and its row
		t.Errorf("only %d tests of the table ran:\n%s", n, out)
	}
}
