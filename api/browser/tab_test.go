package browser_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axe is axe-core, whose licence (MPL-2.0) lies beside it.
//
//go:embed testdata/axe.min.js
var axe string

// tab is a page of a browser of its own. It notes what a page must not do:
// complain on the console, break its own policy, ask another host.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it is how chromedp names the tab
	s   *site

	mu     sync.Mutex
	faults []string
}

// patience is how long a step may take on a busy machine.
const patience = time.Minute

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no Chromium here")
	return ""
}

// newTab opens a browser of the given width.
func newTab(t *testing.T, s *site, width int64) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	b := &tab{t: t, s: s}
	ctx, done := chromedp.NewContext(allocator, chromedp.WithListener(b.watch))
	t.Cleanup(done)
	b.ctx = ctx
	require.NoError(t, chromedp.Do(ctx)) // starts the browser, which lives as long as the context
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 500,
	})
	b.theme("light")
	return b
}

// call sends a command of the DevTools protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, params)
	require.NoError(b.t, err)
	return answer
}

func (b *tab) watch(event any) {
	switch event := event.(type) {
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError && !strings.Contains(event.Entry.Text, "status of 404") {
			b.fault(event.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.fault(event.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		asked, err := url.Parse(event.Request.URL)
		if err == nil && strings.HasPrefix(asked.Scheme, "http") && !strings.HasPrefix(event.Request.URL, b.s.url) {
			b.fault("asks another host: " + asked.Host)
		}
	}
}

func (b *tab) fault(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, text)
}

// spotless fails if a page did what none must do.
func (b *tab) spotless() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.faults)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

// open goes to a path of the site.
func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.s.url + path))
}

// eval returns what an expression of the page is, that of a promise once it is there.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return value
}

// until waits until an expression of the page is true. It asks again and again
// from outside: a page's policy allows nobody to make code within it.
func (b *tab) until(expression string) {
	b.t.Helper()
	holds := func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		defer cancel()
		value, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		return err == nil && value // while a page is left there is none to ask
	}
	defer func() {
		if b.t.Failed() {
			b.t.Log(chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText")))
		}
	}()
	require.Eventually(b.t, holds, patience, 50*time.Millisecond, expression)
}

// theme makes the browser prefer "light" or "dark".
func (b *tab) theme(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// violation is what axe-core finds wrong.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	}
}

// audit asks axe-core about the page and fails if it finds anything that is
// serious or critical.
func (b *tab) audit(about string) {
	b.t.Helper()
	eval[int](b, axe+";0")
	answer := eval[string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`)
	var found []violation
	require.NoError(b.t, json.Unmarshal([]byte(answer), &found))
	for _, v := range found {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		for _, node := range v.Nodes {
			b.t.Errorf("%s: %s (%s): %s\n%s", about, v.Help, v.Impact, node.HTML, node.FailureSummary)
		}
	}
	over := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
	if over > 0 {
		b.t.Errorf("%s: the page is %d pixels wider than its window", about, over)
	}
}
