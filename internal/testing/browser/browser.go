// Package browser opens pages in a real browser, for tests: it clicks, reads and takes screenshots,
// and fails a test on an error in the console or a request to another host. Without chromium the
// tests are skipped.
//
// It is a module of its own, together with the tests that use it, so that crawlbench does not depend on chromedp.
package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a tab of a browser.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu    sync.Mutex
	wrong []string
}

// patience is how long anything may take on a busy machine.
const patience = 60 * time.Second

// Open starts a browser without a window. It ends with the test, which fails if something was wrong on a page.
func Open(t testing.TB) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("SKIPPED: there is no chromium, so no page was looked at in a browser: get it by \"apt-get install chromium\"")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	for _, flag := range []string{"disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	ctx, cancelProgram := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	b := &Tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		chromedp.Cancel(ctx) // waits for the end of the browser
		cancelTab()
		cancelProgram()
		cancel()
		for _, w := range b.Wrong() {
			t.Error(w)
		}
	})
	if err := chromedp.Listen(ctx, b.event); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// event notes what must not be.
func (b *Tab) event(ev any) {
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.note("an exception: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			text := ""
			for _, a := range e.Args {
				text += " " + string(a.Value) + a.Description
			}
			b.note("console %s:%s", e.Type, text)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			b.note("the browser says of %s: %s", e.Entry.URL, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "file" && u.Hostname() != "127.0.0.1" {
			b.note("a request to %s", e.Request.URL)
		}
	}
}

func (b *Tab) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// Wrong returns what was wrong since the last call.
func (b *Tab) Wrong() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.wrong
	b.wrong = nil
	return w
}

// do runs a step, and ends the test if it fails.
func do[T any](b *Tab, what string, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		at, _ := chromedp.Run(b.ctx, chromedp.Location())
		b.t.Fatalf("%s at %s: %v", what, at, err)
	}
	return v
}

// Go opens a page.
func (b *Tab) Go(url string) {
	b.t.Helper()
	do(b, "open "+url, chromedp.Navigate(url))
}

// Back goes to the page before, which a browser may have kept: it is not loaded then.
func (b *Tab) Back() {
	b.t.Helper()
	Eval[bool](b, "(history.back(), true)")
}

// Click clicks the first element that the CSS selector names, by script: what is scrolled away or small counts too.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Wait(fmt.Sprintf("document.querySelector(%q)", selector))
	Eval[bool](b, fmt.Sprintf(`(e => { e.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, view: window})); return true; })(document.querySelector(%q))`, selector))
}

// Wait waits until an expression of JavaScript is true, on whatever page there is by then.
func (b *Tab) Wait(expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			at, _ := chromedp.Run(b.ctx, chromedp.Location())
			b.t.Fatalf("wait at %s for %s: in vain (%v)", at, expression, err)
		}
	}
}

// Eval returns the value of an expression of JavaScript.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	return do(b, "evaluate "+expression, chromedp.Evaluate[T](expression))
}

// Look sets the size of the window, and dark colours or light ones.
func (b *Tab) Look(width, height int, dark bool) {
	b.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	do(b, "resize", chromedp.EmulateViewport(int64(width), int64(height)))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme",
			Value: scheme}}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// Shot keeps a picture of the page as name.png in the directory that the environment variable CRAWLBENCH_SCREENSHOTS
// names, if it does.
func (b *Tab) Shot(name string) {
	b.t.Helper()
	dir := os.Getenv("CRAWLBENCH_SCREENSHOTS")
	if dir == "" {
		return
	}
	b.Wait("document.readyState === 'complete' && document.documentElement.scrollWidth > 0")
	picture := do(b, "take a picture", chromedp.FullScreenshot(100))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "_")+".png"), picture, 0o666); err != nil {
		b.t.Fatal(err)
	}
}

// Fits fails the test if the page is wider than the window.
func (b *Tab) Fits() {
	b.t.Helper()
	b.Wait("document.readyState === 'complete'")
	if wide := Eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		b.t.Errorf("%s is %d pixels wider than the window", Eval[string](b, "location.href"), wide)
	}
}
