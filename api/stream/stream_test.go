package stream_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/stream"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestANewReaderIsShownWhatIsOngoingAndThenEachChange(t *testing.T) {
	t.Parallel()
	s := newSource()
	past := s.over(s.begin("shop", "NL"))
	past.Final = true
	s.put(past)
	s.put(s.over(s.begin("telegram", "IR")))
	s.pass(time.Second)
	o := s.put(s.begin("whatsapp", "NL"))
	h := startHub(t, s)
	l := connect(t, h, "", "")
	require.Equal(t, []string{"reset new", "ended telegram", "opened whatsapp", "live ok"}, l.until("live ok"))
	require.NotEmpty(t, l.lastID)
	require.NotEmpty(t, l.retry)
	require.Equal(t, "text/event-stream; charset=utf-8", l.resp.Header.Get("Content-Type"))
	require.Equal(t, "no", l.resp.Header.Get("X-Accel-Buffering"))

	o = s.put(o)
	l.until("changed whatsapp")
	o = s.put(s.over(o))
	l.until("ended whatsapp")
	o.State, o.EndedAt, o.ClosedAt = outage.Ongoing, nil, nil
	o = s.put(o)
	require.Equal(t, []string{"opened whatsapp"}, l.until("opened whatsapp"), "it came back: opened again")
	s.pass(5 * time.Second)
	remark := outage.Remark{ID: outage.NewID(morning), Kind: outage.Retraction, At: s.clock(), Text: "a test of ours", By: outage.ByOperator}
	s.with(func(s *source) { s.remarks[o.ID] = []outage.Remark{remark} })
	e, ok := l.next()
	require.True(t, ok)
	require.Equal(t, "remarked whatsapp", e.short())
	require.Equal(t, remark, *e.Remark)
	require.True(t, e.Outage.Retracted, "the outage shows what was said of it")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := newSource()
	h := startHub(t, s)
	all := connect(t, h, "", "")
	byService := connect(t, h, "service=whatsapp,telegram", "")
	byCountry := connect(t, h, "country=ID,MY", "")
	both := connect(t, h, "service=whatsapp&country=ID", "")
	for _, l := range []*line{all, byService, byCountry, both} {
		l.until("live ok")
	}
	o := s.put(s.begin("whatsapp", "NL"))
	all.until("opened whatsapp")
	o.Impacts = append(o.Impacts, outage.Impact{Country: "ID"}, outage.Impact{Country: "MY"})
	o = s.put(o)
	all.until("changed whatsapp")
	s.put(s.begin("telegram", "IR"))
	all.until("opened telegram")
	s.put(s.begin("bank", "ID"))
	all.until("opened bank")
	s.put(s.over(o))
	all.until("ended whatsapp")

	require.Equal(t, []string{"opened whatsapp", "changed whatsapp", "opened telegram", "ended whatsapp"}, byService.until("ended whatsapp"))
	require.Equal(t, []string{"opened whatsapp", "opened bank", "ended whatsapp"}, byCountry.until("ended whatsapp"), "it reached the country with its second revision, and is told once though two countries match")
	require.Equal(t, []string{"opened whatsapp", "ended whatsapp"}, both.until("ended whatsapp"))
}

func TestSpikesAreToldToThoseWhoAsk(t *testing.T) {
	t.Parallel()
	s := newSource()
	spike := outage.Spike{Series: outage.Series{Service: "bank", Country: "ID"}, Status: outage.StatusPossible, Since: morning, Windows: []outage.WindowCount{{Minutes: 5, Reports: 9}}}
	s.spikes = []outage.Spike{spike}
	h := startHub(t, s)
	l := connect(t, h, "spikes=true", "")
	without := connect(t, h, "", "")
	require.Equal(t, []string{"reset new", "spikes", "live ok"}, l.until("live ok"))

	spike.Windows = []outage.WindowCount{{Minutes: 5, Reports: 19}}
	s.with(func(s *source) { s.spikes, s.now = []outage.Spike{spike}, s.now.Add(time.Second) })
	spike.Status = outage.StatusProblem
	other := outage.Spike{Series: outage.Series{Service: "shop", Country: "*"}, Status: outage.StatusPossible, Since: morning}
	s.with(func(s *source) { s.spikes = []outage.Spike{spike, other} })
	require.Equal(t, []string{"changed bank/ID", "began shop/*"}, l.until("began shop/*"), "a status is told at once, figures only every few seconds")
	s.with(func(s *source) { s.blind, s.spikes = true, nil })
	o := s.put(s.begin("whatsapp", "NL"))
	l.until("opened whatsapp")
	s.with(func(s *source) { s.blind = false; s.spikes = []outage.Spike{other} })
	require.Equal(t, []string{"ended bank/ID"}, l.until("ended bank/ID"), "what nobody watches has not ended")

	again := connect(t, h, "spikes=true&service=shop", l.lastID)
	require.Equal(t, []string{"spikes", "live ok"}, again.until("live ok"))
	s.put(s.over(o))
	require.Equal(t, []string{"reset new", "live ok", "opened whatsapp", "ended whatsapp"}, without.until("ended whatsapp"))
}

func TestTheLiveStateGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	s := newSource()
	o := s.put(s.begin("whatsapp", "NL"))
	h := startHub(t, s)
	l := connect(t, h, "", "")
	l.until("live ok")
	s.with(func(s *source) { s.away = true })
	s.pass(10 * time.Second)
	e, ok := l.next()
	require.True(t, ok)
	require.Equal(t, "live away", e.short())
	require.Equal(t, morning, e.Since)
	during := connect(t, h, "", l.lastID)
	require.Equal(t, []string{"live away"}, during.until("live away"))
	require.Equal(t, l.lastID, during.lastID, "nothing has been told since")
	s.put(o)
	s.with(func(s *source) { s.away = false })
	require.Equal(t, []string{"changed whatsapp", "live ok"}, l.until("live ok"))
	require.Equal(t, []string{"changed whatsapp", "live ok"}, during.until("live ok"))
}

func TestWhereACursorDoesNotLeadBackThePresentIsShownAnew(t *testing.T) {
	t.Parallel()
	s := newSource()
	h := startHub(t, s)
	l := connect(t, h, "", "")
	l.until("live ok")
	old := l.lastID
	s.pass(time.Hour)
	past := s.put(s.begin("telegram", "IR"))
	past = s.put(s.over(past))
	s.pass(22*time.Hour + 30*time.Minute)
	connect(t, h, "", "").until("live ok") // the hub has seen how late it is
	lost := s.put(s.begin("whatsapp", "NL"))
	l.until("opened whatsapp")
	last := l.lastID

	again := connect(t, h, "", old)
	require.Equal(t, []string{"reset expired", "ended telegram", "opened whatsapp", "live ok"}, again.until("live ok"))
	for _, bad := range []string{"x", "AQ", strings.Repeat("A", 5000), "no cursor", "reset"} {
		again := connect(t, h, "service=telegram", bad)
		require.Equal(t, []string{"reset unknown", "ended telegram", "live ok"}, again.until("live ok"), "%q", bad)
	}
	// A live state that was wiped and not put back.
	elsewhere := newSource()
	elsewhere.now = s.clock()
	again = connect(t, startHub(t, elsewhere), "", last)
	require.Equal(t, []string{"reset lost", "live ok"}, again.until("live ok"))

	s.with(func(s *source) { delete(s.outages, lost.ID) })
	past.State, past.EndedAt, past.ClosedAt = outage.Ongoing, nil, nil
	s.put(past)
	l.until("opened telegram")
	s.pass(6 * time.Minute)
	require.Equal(t, []string{"reset lost", "opened telegram", "live ok"}, l.until("live ok"))
}

func TestASlowReaderIsCutOffAndOthersGoOn(t *testing.T) {
	t.Parallel()
	s := newSource()
	countries := make([]string, 200)
	for i := range countries {
		countries[i] = "NL"
	}
	large := s.put(s.begin("whatsapp", countries...)) // about a hundred kilobytes
	h := startHub(t, s)
	quick := connect(t, h, "", "")
	quick.until("live ok")
	slow, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = slow.Close() })
	_, err = io.WriteString(slow, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return h.Readers() == 2 }, 10*time.Second, time.Millisecond)

	for h.Readers() == 2 {
		large = s.put(large)
		require.Equal(t, []string{"changed whatsapp"}, quick.until("changed whatsapp"))
	}
	require.InDelta(t, 1, dropped(t, h), 0, "its queue was full, or a write took too long")
	s.put(large)
	quick.until("changed whatsapp")
}

func TestStopEndsStreamsAtOnceAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	s := newSource()
	h := startHub(t, s)
	l := connect(t, h, "", "")
	l.until("live ok")
	h.Stop()
	_, ok := l.next()
	require.False(t, ok)
	resp, err := http.Get(h.url)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, stream.ErrStopping.Error(), string(bytes.TrimSpace(text)))
	require.Eventually(t, func() bool { return h.Readers() == 0 }, 10*time.Second, time.Millisecond)
}

func TestNoMoreReadersThanAllowed(t *testing.T) {
	t.Parallel()
	h := startHub(t, newSource(), func(c *stream.Config) { c.Max = 2 })
	first := connect(t, h, "", "")
	connect(t, h, "", "")
	resp, err := http.Get(h.url)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, stream.ErrFull.Error(), string(bytes.TrimSpace(text)))
	first.cut()
	require.Eventually(t, func() bool { return h.Readers() == 1 }, 10*time.Second, time.Millisecond)
	connect(t, h, "", "").until("live ok")
}

func TestNoMoreReadersOfOneAddressThanAllowed(t *testing.T) {
	t.Parallel()
	h := startHub(t, newSource())
	const allowed = stream.DefaultMax / 20
	for range allowed {
		connect(t, h, "", "")
	}
	resp, err := http.Get(h.url)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, stream.ErrAddress.Error(), string(bytes.TrimSpace(text)))
}

func TestHeartbeatsBringTheIDUpToDate(t *testing.T) {
	t.Parallel()
	s := newSource()
	h := startHub(t, s)
	l := connect(t, h, "service=bank", "")
	l.until("live ok")
	before := l.lastID
	s.put(s.begin("whatsapp", "NL")) // not asked for
	s.pass(time.Minute)
	s.pass(0)
	scanned := make(chan string, 1)
	go func() {
		for l.scan.Scan() {
			if id, ok := strings.CutPrefix(l.scan.Text(), "id: "); ok && id != before {
				scanned <- id
				return
			}
		}
		scanned <- ""
	}()
	after := <-scanned
	require.NotEmpty(t, after)
	s.pass(22*time.Hour + 30*time.Minute)
	require.Equal(t, []string{"live ok"}, connect(t, h, "service=bank", after).until("live ok"), "though nothing was ever sent, the id has not grown old")
}

// dropped is how many readers have been cut off.
func dropped(t *testing.T, h *hub) (sum float64) {
	t.Helper()
	families, err := h.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == "outcry_api_stream_dropped_total" {
			for _, m := range family.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
