package report

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestAccessible: axe-core finds nothing to complain of in the page of two runs, which are whole, and of many, whose first was opened, at the widths of a desk and of a hand, light and dark. It wants chromium, and axe.min.js at TESSERA_AXE (npm pack axe-core).
func TestAccessible(t *testing.T) {
	axe := os.Getenv("TESSERA_AXE")
	browser, err := exec.LookPath("chromium")
	if axe == "" || err != nil {
		t.Skip("NOT CHECKED: whether the page can be read with a keyboard and a screen reader wants chromium, and TESSERA_AXE with the file axe.min.js of the npm package axe-core")
	}
	script, err := os.ReadFile(axe)
	if err != nil {
		t.Fatal(err)
	}
	var runs []string
	for i := range mostOpen + 1 {
		runs = append(runs, judgedRun(t, fmt.Sprint("task", i)))
	}
	t.Run("whole", func(t *testing.T) { accessible(t, browser, script, pageOf(t, runs[:2]...)) })
	t.Run("packed", func(t *testing.T) { accessible(t, browser, script, pageOf(t, runs...)) })
}

// accessible opens a page, and the first thing in it that is packed, and lets axe-core look.
func accessible(t *testing.T, browser string, script []byte, page string) {
	const ask = `<script>
const first = document.querySelector(".closed")
if (first) first.open = true
new Promise(done => { const look = () => !first || document.querySelector(".closed .confused") ? done() : setTimeout(look, 20); look() })
.then(() => axe.run(document, {})).then(r => { document.documentElement.innerHTML = '<pre id="axe">' + encodeURIComponent(JSON.stringify(
r.violations.map(v => v.id + ' (' + v.nodes.length + '): ' + v.nodes[0].html.slice(0, 200)))) + '</pre>' })</script></html>`
	path := filepath.Join(t.TempDir(), "page.html")
	write(t, strings.Replace(page, "</html>", "<script>"+string(script)+"</script>"+ask, 1), path)
	for _, size := range []string{"1200,900", "400,800", "400,800 dark"} {
		wide, dark := strings.CutSuffix(size, " dark")
		scheme := "--blink-settings=preferredColorScheme=1"
		if dark {
			scheme = "--blink-settings=preferredColorScheme=0"
		}
		cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000", scheme, "--window-size="+wide, "--dump-dom", "file://"+path)
		cmd.WaitDelay = time.Second
		stop := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
		out, err := cmd.Output()
		stop.Stop()
		found := regexp.MustCompile(`id="axe">(%5B[^<]*)<`).FindSubmatch(out)
		if err != nil || found == nil {
			t.Fatalf("at %s: the browser says %v and %d bytes without an answer", size, err, len(out))
		}
		var faults []string
		text, err := url.QueryUnescape(strings.ReplaceAll(string(found[1]), "+", "%2B"))
		if err == nil {
			err = json.Unmarshal([]byte(text), &faults)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("at %s: %s", size, f)
		}
	}
}

// judgedRun makes a run that was judged by two protocols, with a picture.
func judgedRun(t *testing.T, task string) string {
	dir := t.TempDir()
	write(t, fmt.Sprintf(`{"command":"tessera pretrain %s --data folder:photos --out a-name-that-is-as-long-as-a-line","config":{"task":%q,"trunk":"convnet"},"chance":0.25}`, task, task), dir, "run.json")
	write(t, "{\"step\":1,\"loss\":2,\"accuracy\":0.3}\n{\"step\":5,\"loss\":1.5,\"accuracy\":0.5}\n", dir, "metrics.jsonl")
	var scores []string
	for _, protocol := range []string{"knn", "probe"} {
		for _, features := range []string{"pretext", "random"} {
			for depth := 1; depth <= 3; depth++ {
				scores = append(scores, fmt.Sprintf(`{"protocol":%q,"features":%q,"stage":"conv%d","depth":%d,"metric":{"name":"accuracy","unit":"%%","higher_is_better":true,"trivial_predictor":"largest class","trivial":0.1},
"value":%g,"trivial":0.1,"n_test":300,"settings":{"k":20},"confusion":{"classes":["a","<b>"],"counts":[[30,10,1],[0,4,7]],"of":9},
"curve":{"along":"labelled samples","points":[{"x":1,"value":0.1,"interval":[0.05,0.2]},{"x":96,"value":%g,"interval":[0.15,0.6]}]}}`, protocol, features, depth, depth,
					0.1*float64(depth)+0.01*float64(len(task)), 0.2+0.1*float64(depth)))
			}
		}
	}
	write(t, "["+strings.Join(scores, ",")+"]", dir, "eval", "scores.json")
	return dir
}
