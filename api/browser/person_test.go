package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// withLanguage asks for a page in a language.
func withLanguage(page, language string) string {
	if strings.Contains(page, "?") {
		return page + "&lang=" + language
	}
	return page + "?lang=" + language
}

const (
	counted = `document.querySelector("#hero .votes strong")?.textContent`
	said    = `document.querySelector("#said")?.innerText.trim()`
	submit  = chromedp.CSS(`form[data-report]:not(.works-form) button`)
)

// find searches for WhatsApp on the front page and goes to its page.
func (b *tab) find() {
	b.t.Helper()
	b.open("/?lang=en")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "watsap"+kb.Enter))
	b.until(`document.querySelector("main a[href='/services/whatsapp']")`)
	b.do(chromedp.Click(chromedp.CSS("main a[href='/services/whatsapp']")))
	b.until(`location.pathname == "/services/whatsapp" && document.readyState == "complete"`)
}

// aged waits until the page has been open for longer than a program waits.
func (b *tab) aged() {
	b.t.Helper()
	b.until("performance.now() > 500")
}

func TestAPersonReportsAndSeesTheCountMove(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newSite(t)
	b := newTab(t, s, 360)
	b.find()
	require.Equal(t, "0", eval[string](b, counted))
	eval[int](b, "window.here = 1")
	b.do(chromedp.Click(submit))
	b.until(counted + ` == "1"`)
	b.until(said)
	require.NotContains(t, eval[string](b, said), "already")
	b.until(`!document.querySelector("button[aria-disabled]")`)

	b.do(chromedp.Click(submit))
	b.until(said + `.includes("already")`)
	require.Equal(t, "1", eval[string](b, counted), "a second report is not counted")

	b.do(chromedp.Click(chromedp.CSS(".works-form button")))
	b.until(`document.querySelector("#hero .works")`)
	require.Equal(t, "1", eval[string](b, counted), "that it works is counted apart")

	s.crowd(t, 1, 1)
	b.until(counted + ` == "2"`) // what another says is seen too
	require.Equal(t, 1, eval[int](b, "window.here"), "the page was never loaded again")
	b.spotless()
}

func TestTheOutageAppearsWhenTheCrowdDoes(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newSite(t)
	b := newTab(t, s, 1280)
	b.open("/?lang=en")
	eval[int](b, "window.here = 1")
	require.False(t, eval[bool](b, `!!document.querySelector("#down article")`))
	s.crowd(t, 1, 40)
	id := s.outage(t)
	b.until(`document.querySelector("#down article a[href='/outages/` + id + `']")`)
	require.Equal(t, 1, eval[int](b, "window.here"), "the page was never loaded again")
	b.do(chromedp.Click(chromedp.CSS(`#down article a[href="/outages/` + id + `"]`)))
	b.until(`location.pathname == "/outages/` + id + `" && document.readyState == "complete"`)
	text := eval[string](b, "document.querySelector('main').innerText")
	require.Contains(t, text, "WhatsApp")
	require.Contains(t, text, "Netherlands")
	require.True(t, eval[bool](b, `[...document.images].every(i => i.complete && i.naturalWidth > 0)`), "every picture is drawn")
	b.spotless()
}

func TestAllOfItWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newSite(t)
	b := newTab(t, s, 360)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for _, want := range []string{"that counts", "already"} {
		b.find()
		b.do(chromedp.Click(submit))
		b.until(`location.pathname == "/report" && document.readyState == "complete"`)
		b.aged()
		b.do(chromedp.Click(chromedp.CSS("form.card button")))
		b.until(`document.querySelector("#outcome")`)
		require.Contains(t, eval[string](b, `document.querySelector("#outcome").innerText`), want)
		b.do(chromedp.Click(chromedp.CSS("#outcome a.button")))
		b.until(`location.pathname == "/services/whatsapp" && document.readyState == "complete"`)
		require.Eventually(t, func() bool { // a page may be kept for two seconds
			b.do(chromedp.Reload())
			return eval[string](b, counted) == "1"
		}, patience, 200*time.Millisecond)
	}
	s.crowd(t, 1, 40)
	id := s.outage(t)
	b.open("/")
	b.do(chromedp.Click(chromedp.CSS(`#down article a[href="/outages/` + id + `"]`)))
	b.until(`location.pathname == "/outages/` + id + `"`)
	b.spotless()
}

// tabTo presses the tab key until an expression about the focused element is true.
func (b *tab) tabTo(expression string) {
	b.t.Helper()
	for range 60 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, fmt.Sprintf("(e => !!(%s))(document.activeElement)", expression)) {
			visible := eval[bool](b, `(e => { const s = getComputedStyle(e); return s.outlineStyle != "none" || s.boxShadow != "none" })(document.activeElement)`)
			require.True(b.t, visible, "the focus is seen")
			return
		}
	}
	b.t.Fatal("the keyboard does not reach " + expression)
}

func TestTheKeyboardAloneSuffices(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newSite(t)
	b := newTab(t, s, 1280)
	b.open("/?lang=id")
	b.tabTo(`e.id == "q"`)
	b.do(chromedp.KeyEvent("whatsapp" + kb.Enter))
	b.until(`location.search.includes("whatsapp") && document.readyState == "complete"`)
	b.tabTo(`e.matches("main a[href='/services/whatsapp']")`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname == "/services/whatsapp" && document.readyState == "complete"`)
	b.tabTo(`e.matches("form[data-report]:not(.works-form) input[type=radio]")`)
	b.do(chromedp.KeyEvent(" "))
	b.tabTo(`e.matches("form[data-report]:not(.works-form) button")`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(said)
	b.until(counted + ` == "1"`)
	b.spotless()
}

func TestOnlyTheFrameCanBeFramed(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newSite(t)
	s.crowd(t, 1, 40)
	id := s.outage(t)
	for path, allowed := range map[string]bool{"/outages/" + id + "/embed": true, "/outages/" + id: false, "/": false} {
		foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprintf(w, "<!doctype html><title>News</title><h1>News</h1><iframe src=%q width=600 height=400></iframe>", s.url+path)
		}))
		t.Cleanup(foreign.Close)
		b := newTab(t, s, 1280)
		b.do(chromedp.Navigate(strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1)))
		require.Eventually(t, func() bool {
			targets, err := chromedp.Targets(b.ctx)
			require.NoError(t, err)
			for _, target := range targets {
				if target.Type != "iframe" {
					continue
				}
				ctx, done := chromedp.NewContext(b.ctx, chromedp.WithTargetID(target.TargetID))
				text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.readyState == 'complete' ? document.body.innerText : ''"))
				done()
				if err != nil || text == "" {
					return false
				}
				require.Equal(t, allowed, strings.Contains(text, "WhatsApp"), "%s: %s", path, text)
				return true
			}
			return false
		}, patience, 100*time.Millisecond, path)
	}
}
