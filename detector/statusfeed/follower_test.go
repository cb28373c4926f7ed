package statusfeed_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/statusfeed"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2017-11-03 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// scene is a follower of one feed of WhatsApp over a real archive, in which
// WhatsApp fails from 8:00 to 9:00 unless a test says otherwise.
type scene struct {
	t        *testing.T
	archive  *archive.Archive
	away     atomic.Bool
	registry *prometheus.Registry
	logs     *strings.Builder
	logging  sync.Mutex
}

func newScene(t *testing.T) *scene {
	t.Helper()
	store, err := archive.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "archive.db"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &scene{t: t, archive: store, registry: prometheus.NewRegistry(), logs: &strings.Builder{}}
}

// fail writes an outage that lasted from one time to another; "" is ongoing.
func (s *scene) fail(from, to string) outage.ID {
	s.t.Helper()
	o := outage.Outage{ID: outage.DeriveID(from), Service: "whatsapp", State: outage.Ongoing, StartedAt: at(from), DetectedAt: at(from), Revision: 1}
	if to != "" {
		end := at(to)
		o.State, o.EndedAt, o.ClosedAt, o.Final = outage.Ended, &end, &end, true
	}
	require.NoError(s.t, s.archive.Append(s.t.Context(), []live.Entry{{
		Partition: live.Partition("whatsapp"), Epoch: "e", Position: "1", Changes: []outage.Change{{Fence: 1, Outage: o}},
	}}))
	return o.ID
}

func (s *scene) remarks(of outage.ID) []outage.Remark {
	s.t.Helper()
	found, err := s.archive.Remarks(s.t.Context(), of)
	require.NoError(s.t, err)
	return found[of]
}

// Write implements io.Writer, for the log.
func (s *scene) Write(line []byte) (int, error) {
	s.logging.Lock()
	defer s.logging.Unlock()
	return s.logs.Write(line)
}

func (s *scene) logged() string {
	s.logging.Lock()
	defer s.logging.Unlock()
	return s.logs.String()
}

// Outages implements statusfeed.Archive, as do Remarks and AddRemark.
func (s *scene) Outages(ctx context.Context, filter archive.OutageFilter) (archive.OutagePage, error) {
	if s.away.Load() {
		return archive.OutagePage{}, outage.ErrUnavailable
	}
	return s.archive.Outages(ctx, filter)
}

func (s *scene) Remarks(ctx context.Context, of ...outage.ID) (map[outage.ID][]outage.Remark, error) {
	return s.archive.Remarks(ctx, of...)
}

func (s *scene) AddRemark(ctx context.Context, of outage.ID, r outage.Remark) error {
	return s.archive.AddRemark(ctx, of, r)
}

// follow follows feeds at these addresses until the test ends.
func (s *scene) follow(urls ...string) {
	s.t.Helper()
	cfg := statusfeed.Config{
		Archive: s, Every: 5 * time.Millisecond, Now: func() time.Time { return at("09:30:00") },
		Logger: slog.New(slog.NewTextHandler(s, nil)), Registerer: s.registry,
	}
	for _, url := range urls {
		cfg.Feeds = append(cfg.Feeds, statusfeed.Feed{Service: "whatsapp", URL: url})
	}
	follower, err := statusfeed.New(cfg)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- follower.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		require.NoError(s.t, <-done)
	})
}

// polled waits until feeds were asked so often with such a result.
func (s *scene) polled(result string, times int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		expected := fmt.Sprintf("outcry_status_feed_polls_total{result=%q}", result)
		return s.metric(expected) >= float64(times)
	}, 20*time.Second, 5*time.Millisecond, "%s", s.logs)
}

// metric is the value of a metric, as it is exposed.
func (s *scene) metric(name string) float64 {
	families, err := s.registry.Gather()
	require.NoError(s.t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := []string{family.GetName()}
			for _, label := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("{%s=%q}", label.GetName(), label.GetValue()))
			}
			if strings.Join(labels, "") == name {
				return m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// serve answers with a handler on this machine.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func serveText(t *testing.T, text string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
}

func TestFeedsOfEveryKindAcknowledgeAnOutageOnce(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"statuspage.atom", "statuspage.rss", "status.json"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", file))
			require.NoError(t, err)
			s := newScene(t)
			id := s.fail("08:00:00", "09:00:00")
			s.follow(serveText(t, string(text)), serveText(t, string(text)))
			s.polled("changed", 6)
			said := at("08:21:44")
			remarks := s.remarks(id)
			require.Len(t, remarks, 1)
			require.Equal(t, outage.Remark{
				ID: remarks[0].ID, Kind: outage.Acknowledgement, At: at("09:30:00"), Text: "Messages can't be sent & received",
				Link: "https://status.example.com/incidents/x2p4c1qk9v3b", Said: &said, By: outage.ByFeed,
			}, remarks[0])
			require.NotContains(t, s.logged(), "level=WARN")
			require.Contains(t, s.logged(), "a service acknowledged an outage")
		})
	}
}

// atom is a feed of entries with title, link and time.
func atom(entries ...[3]string) string {
	var text strings.Builder
	text.WriteString(`<feed xmlns="http://www.w3.org/2005/Atom"><title>status</title>`)
	for _, e := range entries {
		_, _ = fmt.Fprintf(&text, `<entry><title type="html">%s</title><link href="%s"/><published>2017-11-03T%sZ</published></entry>`, e[0], e[1], e[2])
	}
	text.WriteString(`</feed>`)
	return text.String()
}

func TestEntriesBelongToTheOutageOfTheirTime(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	early, late, ongoing := s.fail("05:00:00", "06:00:00"), s.fail("07:00:00", "07:30:00"), s.fail("09:00:00", "")
	s.follow(serveText(t, atom(
		[3]string{"too early", "https://a.example/1", "04:29:59"},
		[3]string{"half an hour before", "https://a.example/2", "04:30:00"},
		[3]string{"at the end", "https://a.example/3", "06:00:00"},
		[3]string{"after it", "https://a.example/4", "06:00:01"},
		[3]string{"in the middle", "https://a.example/5", "07:10:00"},
		[3]string{"now", "https://a.example/6", "09:29:00"},
		[3]string{"tomorrow", "https://a.example/7", "23:00:00"},
	)))
	s.polled("changed", 2)
	texts := func(of outage.ID) (texts []string) {
		for _, r := range s.remarks(of) {
			texts = append(texts, r.Text)
		}
		return texts
	}
	require.ElementsMatch(t, []string{"half an hour before", "at the end"}, texts(early))
	require.ElementsMatch(t, []string{"in the middle"}, texts(late))
	require.ElementsMatch(t, []string{"now"}, texts(ongoing))
}

func TestAnEntryIsRememberedUntilTheCrowdIsLoud(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var asked, conditional atomic.Int32
	s.follow(serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") == "Fri, 03 Nov 2017 08:22:00 GMT" {
			conditional.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Fri, 03 Nov 2017 08:22:00 GMT")
		_, _ = w.Write([]byte(atom([3]string{"We are looking", "https://a.example/1", "08:21:00"})))
	}))
	s.polled("unchanged", 2)
	id := s.fail("08:30:00", "")
	require.Eventually(t, func() bool { return len(s.remarks(id)) == 1 }, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, asked.Load()-1, conditional.Load(), "the feed was sent once")
	require.InDelta(t, 1, s.metric("outcry_status_feed_acknowledgements_total"), 0)
}

func TestAnEntryWithAnotherTitleIsNotSaidAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id := s.fail("08:00:00", "09:00:00")
	var asked atomic.Int32
	s.follow(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		title := "Investigating"
		if asked.Add(1) > 1 {
			title = "Resolved: " + title
		}
		_, _ = w.Write([]byte(atom([3]string{title, "https://a.example/1", "08:21:00"}, [3]string{title, "", "08:25:00"})))
	}))
	s.polled("changed", 4)
	require.Len(t, s.remarks(id), 2)
	require.Equal(t, "Investigating", s.remarks(id)[0].Text)
}

func TestHostileFeeds(t *testing.T) {
	t.Parallel()
	nested := strings.Repeat("<a>", 100_000)
	bomb := `<!DOCTYPE feed [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>` +
		atom([3]string{"&c;&c;&c; down", "https://a.example/1", "08:21:00"})
	external := `<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + atom([3]string{"&x; down", "https://a.example/1", "08:21:00"})
	for name, test := range map[string]struct {
		feed   string
		fails  bool
		text   string // "" for no remark
		link   string
		passes func(string) bool
	}{
		"a huge one":           {feed: atom([3]string{strings.Repeat("x", 2<<20), "https://a.example/1", "08:21:00"}), fails: true},
		"deep elements":        {feed: `<feed xmlns="http://www.w3.org/2005/Atom">` + nested, fails: true},
		"deep extensions":      {feed: `<feed xmlns="http://www.w3.org/2005/Atom"><x:y xmlns:x="z">` + nested, fails: true},
		"deep JSON":            {feed: `{"version":"https://jsonfeed.org/version/1.1","items":` + strings.Repeat("[", 500_000), fails: true},
		"no feed":              {feed: "<html><body>502</body></html>", fails: true},
		"nothing":              {feed: "", fails: true},
		"bytes":                {feed: "\x00\xff\xfe\x01", fails: true},
		"HTML in a title":      {feed: atom([3]string{"&lt;b&gt;All&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt;down &lt;img src=x onerror=alert(1)&gt;", "https://a.example/1", "08:21:00"}), text: "All down", link: "https://a.example/1"},
		"script as a link":     {feed: atom([3]string{"down", "javascript:alert(1)", "08:21:00"}), text: "down"},
		"data as a link":       {feed: atom([3]string{"down", "data:text/html,x", "08:21:00"}), text: "down"},
		"a very long title":    {feed: atom([3]string{strings.Repeat("né", 5000), "https://a.example/1", "08:21:00"}), text: strings.Repeat("né", 166) + "n…", link: "https://a.example/1"},
		"directions in titles": {feed: atom([3]string{"down \u202enwod", "https://a.example/1", "08:21:00"}), text: "down nwod", link: "https://a.example/1"},
		"a blank title":        {feed: atom([3]string{"&lt;p&gt; &lt;/p&gt;", "https://a.example/1", "08:21:00"})},
		"an entity bomb":       {feed: bomb, text: "?", passes: func(text string) bool { return len(text) < 100 && !strings.Contains(text, "lol") }},
		"an external entity":   {feed: external, text: "?", passes: func(text string) bool { return !strings.Contains(text, "root") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			id := s.fail("08:00:00", "09:00:00")
			s.follow(serveText(t, test.feed))
			if test.fails {
				s.polled("failed", 2)
				require.Equal(t, 1, strings.Count(s.logged(), "a status feed cannot be read"), "it is said once")
				require.Less(t, len(s.logged()), 1000, "and not quoted")
			} else {
				s.polled("changed", 2)
			}
			remarks := s.remarks(id)
			switch {
			case test.text == "":
				require.Empty(t, remarks)
			case test.passes != nil:
				for _, r := range remarks {
					require.True(t, test.passes(r.Text), r.Text)
				}
			default:
				require.Len(t, remarks, 1)
				require.Equal(t, test.text, remarks[0].Text)
				require.Equal(t, test.link, remarks[0].Link)
			}
		})
	}
}

func TestAFeedThatFailsIsAskedAgainAndDisturbsNoOther(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id := s.fail("08:00:00", "09:00:00")
	var broken atomic.Bool
	broken.Store(true)
	flaky := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(atom([3]string{"from the flaky one", "https://a.example/1", "08:21:00"})))
	})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s.follow(flaky, gone.URL+"?token=hunter2", serveText(t, atom([3]string{"from the other", "https://a.example/2", "08:22:00"})))
	s.polled("failed", 3)
	require.Eventually(t, func() bool { return len(s.remarks(id)) == 1 }, 20*time.Second, 5*time.Millisecond)
	broken.Store(false)
	require.Eventually(t, func() bool { return len(s.remarks(id)) == 2 }, 20*time.Second, 5*time.Millisecond)
	require.Contains(t, s.logged(), "a status feed can be read again")
	require.NotContains(t, s.logged(), "hunter2")
}

func TestAnArchiveThatIsAwayIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id := s.fail("08:00:00", "09:00:00")
	s.away.Store(true)
	s.follow(serveText(t, atom([3]string{"down", "https://a.example/1", "08:21:00"})))
	s.polled("changed", 2)
	require.Contains(t, s.logged(), "was not recorded yet")
	s.away.Store(false)
	require.Eventually(t, func() bool { return len(s.remarks(id)) == 1 }, 20*time.Second, 5*time.Millisecond)
}

func TestRedirectsLeadToPublicAddressesOnly(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(inside.Close)
	insecure := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	for name, to := range map[string]string{
		"this machine, over https": inside.URL, "this machine, over http": insecure, "a name of it": strings.Replace(inside.URL, "127.0.0.1", "localhost", 1),
		"a private network": "https://10.0.0.1/", "a cloud's own": "https://169.254.169.254/latest/meta-data", "a file": "file:///etc/passwd", "nowhere": "",
		"mapped": "https://[::ffff:127.0.0.1]/",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.follow(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusFound)
			}))
			s.polled("failed", 1)
			require.False(t, reached.Load())
		})
	}
}

func TestFilesOfFeeds(t *testing.T) {
	t.Parallel()
	known := func(slug string) bool { return slug == "whatsapp" || slug == "github" }
	read := func(text string) ([]statusfeed.Feed, error) {
		path := filepath.Join(t.TempDir(), "feeds.tsv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return statusfeed.ReadFile(path, known)
	}
	feeds, err := read("\uFEFF# ours\n\nwhatsapp\thttps://status.example.com/history.atom\r\n  github   https://www.githubstatus.com/history.rss\nwhatsapp http://127.0.0.1:9000/x\n")
	require.NoError(t, err)
	require.Equal(t, []statusfeed.Feed{
		{Service: "whatsapp", URL: "https://status.example.com/history.atom"},
		{Service: "github", URL: "https://www.githubstatus.com/history.rss"},
		{Service: "whatsapp", URL: "http://127.0.0.1:9000/x"},
	}, feeds)
	for text, says := range map[string]string{
		"whatsapp\n": "line 1", "\nwhatsap https://a.example/\n": `line 2: invalid input: the catalog has no service "whatsap"`,
		"whatsapp http://a.example/\n": "begins with https://", "whatsapp https://user:hunter2@a.example/\n": "has no password",
		"whatsapp ftp://a.example/": "begins with https://", "whatsapp https://a.example/ x": "expected a service and the address",
		"whatsapp https://a.example/\nwhatsapp https://a.example/\n": "line 2: invalid input: this feed of whatsapp is there twice",
	} {
		_, err := read(text)
		require.ErrorIs(t, err, outage.ErrInvalid, text)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err = statusfeed.ReadFile(t.TempDir(), known)
	require.ErrorIs(t, err, outage.ErrInvalid)
	_, err = statusfeed.ReadFile(filepath.Join(t.TempDir(), "none"), known)
	require.ErrorIs(t, err, outage.ErrInvalid)
}
