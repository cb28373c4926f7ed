package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/ingest/bluesky/jetstreamtest"
	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/servertest"
)

const (
	streamService = "whatsapp"
	streamPosts   = 20_000
	// streamPace is how many posts are sent a second: ten times what is usual.
	streamPace = 1000
	// streamOnset is after how many posts complaints begin to rise.
	streamOnset = 5000
)

// streamCities name the three countries, and how often people there complain.
var streamCities = []struct { //nolint:gochecknoglobals // a constant table
	country string
	share   float64 // of all posts at the height
	cities  []string
}{
	{"NL", .03, []string{"Amsterdam", "Utrecht"}},
	{"GB", .02, []string{"London", "Manchester"}},
	{"ID", .01, []string{"Jakarta", "Bandung", "Surabaya"}},
}

// streamComplaints are made of a city, streamChatter of a number.
var (
	streamComplaints = []string{ //nolint:gochecknoglobals // a constant table
		"WhatsApp is down in %s", "whatsapp not working in %s since a few minutes", "Is WhatsApp down? Nothing gets through here in %s",
		"Why is @WhatsApp down again, greetings from %s", "Anyone else in %s with WhatsApp down?",
	}
	streamChatter = []string{ //nolint:gochecknoglobals // a constant table
		"The %d tomatoes are red at last", "hujan lagi di Jakarta, %d kali minggu ini", "lekker weer in Amsterdam, %d graden",
		"whatsapp me when you are in London, room %d", "Tag %d ohne Kaffee. Es geht.", "今日の散歩は%d歩でした", "train %d is late, as ever",
		"%d matchs ce soir, qui regarde ?", "llevo %d páginas y no puedo parar",
	}
)

func TestJetstreamEndToEnd(t *testing.T) {
	t.Parallel()
	streamIsUnderstood(t)
	for name, start := range map[string]func(t *testing.T, jetstream string) *streamed{
		"embedded": startStreamed, "redis": startStreamedSplit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("undisturbed", func(t *testing.T) {
				t.Parallel()
				streamTold(t, start, false)
			})
			t.Run("disturbed", func(t *testing.T) {
				t.Parallel()
				streamTold(t, start, true)
			})
		})
	}
}

// streamIsUnderstood checks that the matcher takes the complaints, and those alone.
func streamIsUnderstood(t *testing.T) {
	t.Helper()
	matcher, err := builtInMatcher()
	require.NoError(t, err)
	for _, in := range streamCities {
		for _, city := range in.cities {
			for _, complaint := range streamComplaints {
				text := fmt.Sprintf(complaint, city)
				verdict := matcher.Classify(match.Post{Text: text})
				require.True(t, verdict.Complaint, text)
				require.Equal(t, []string{streamService, in.country}, []string{verdict.Service, verdict.Country}, text)
			}
		}
	}
	for _, chatter := range streamChatter {
		text := fmt.Sprintf(chatter, 17)
		require.False(t, matcher.Classify(match.Post{Text: text}).Complaint, text)
	}
}

// streamed is an installation that reads Jetstream.
type streamed struct {
	api string
	// kill ends a process as a power cut would and starts it anew: the reader of posts first, then another if there is one.
	kill []func()
}

func startStreamed(t *testing.T, jetstream string) *streamed {
	t.Helper()
	dir := t.TempDir()
	importQuietStream(t, config{DataDir: dir})
	address := freeAddress(t)
	args := []string{"--data-dir", dir, "--log-level", "warn", "--bluesky=" + jetstream}
	running := startOutcry(t, address, args...)
	again := func() {
		running.kill()
		running = startOutcry(t, address, args...)
	}
	return &streamed{api: running.url, kill: []func(){again, again}}
}

func startStreamedSplit(t *testing.T, jetstream string) *streamed {
	t.Helper()
	redis, postgres := servertest.Redis(t, "appendonly yes", "appendfsync always", "maxmemory-policy noeviction"), servertest.Postgres(t)
	importQuietStream(t, config{DatabaseURL: postgres.URL()})
	common := []string{"--redis-url", redis.URL(), "--database-url", postgres.URL(), "--log-level", "warn", "--bluesky=" + jetstream}
	restartable := func(role string) (*process, func()) {
		address, args := freeAddress(t), append([]string{"--roles", role}, common...)
		running := startOutcry(t, address, args...)
		return running, func() {
			running.kill()
			running = startOutcry(t, address, args...)
		}
	}
	_, killDetector := restartable(roleDetector)
	_, killIngest := restartable(roleIngest)
	api, _ := restartable(roleAPI)
	return &streamed{api: api.url, kill: []func(){killIngest, killDetector}}
}

// importQuietStream gives the service two days of hardly any reports in each
// country, which end more than the longest window ago: what is counted in the
// test is what was posted.
func importQuietStream(t *testing.T, cfg config) {
	t.Helper()
	var closing cleanups
	record, err := openArchive(t.Context(), cfg, slog.New(slog.DiscardHandler), &closing)
	require.NoError(t, err)
	until := time.Now().UTC().Truncate(time.Minute).Add(-61 * time.Minute)
	_, err = record.ImportCounts(t.Context(), archive.Import{
		Now: until,
		Rows: func(yield func(archive.CountRow, error) bool) {
			for at := until.Add(-2 * day); at.Before(until); at = at.Add(20 * time.Minute) {
				for _, in := range streamCities {
					if !yield(archive.CountRow{Start: at, Series: outage.Series{Service: streamService, Country: in.country}, Reports: 1}, nil) {
						return
					}
				}
			}
		},
	})
	require.NoError(t, err)
	require.NoError(t, closing.run())
}

// stream is what was posted: the moments of the complaints, by country.
type stream struct {
	mu         sync.Mutex
	posts      int
	complaints map[string][]time.Time
}

// post sends all posts at the pace, complaints among them from the onset on, each
// from another person.
func (s *stream) post(t *testing.T, jetstream *jetstreamtest.Server) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a seeded test
	ticker := time.NewTicker(time.Second / streamPace * 20)
	defer ticker.Stop()
	for n := range streamPosts {
		if n%20 == 0 {
			select {
			case <-ticker.C:
			case <-t.Context().Done():
				return
			}
		}
		id := strconv.Itoa(1_000_000 + n)
		now := time.Now()
		country, text := streamText(random, n)
		jetstream.Emit(social.Post{ID: id, Author: id, Text: text, At: now})
		s.mu.Lock()
		s.posts++
		if country != "" {
			s.complaints[country] = append(s.complaints[country], now)
			s.complaints[outage.AllCountries] = append(s.complaints[outage.AllCountries], now)
		}
		s.mu.Unlock()
	}
}

// streamText makes a post; the country is that of a complaint.
func streamText(random *rand.Rand, n int) (country, text string) {
	rise := min(max(float64(n-streamOnset)/streamOnset, 0), 1)
	luck := random.Float64()
	for _, in := range streamCities {
		if luck -= in.share * rise; luck < 0 {
			city := in.cities[random.IntN(len(in.cities))]
			return in.country, fmt.Sprintf(streamComplaints[random.IntN(len(streamComplaints))], city)
		}
	}
	return "", fmt.Sprintf(streamChatter[random.IntN(len(streamChatter))], random.IntN(100))
}

// waitFor waits until so many posts were sent.
func (s *stream) waitFor(t *testing.T, posts int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.posts >= posts
	}, 2*time.Minute, 5*time.Millisecond)
}

// streamTold posts the stream, with or without failures in the middle, and checks
// the counts and the outage against what was posted.
func streamTold(t *testing.T, start func(t *testing.T, jetstream string) *streamed, disturbed bool) {
	t.Helper()
	jetstream := jetstreamtest.New(t, jetstreamtest.Config{})
	installation := start(t, jetstream.URL())
	require.Eventually(t, func() bool { return jetstream.Clients() > 0 }, time.Minute, 10*time.Millisecond)
	s := &stream{complaints: map[string][]time.Time{}}
	var posting sync.WaitGroup
	posting.Go(func() { s.post(t, jetstream) })
	var visible time.Time
	if !disturbed {
		require.Eventually(t, func() bool { return len(streamOutages(t, installation.api)) > 0 }, time.Minute, 50*time.Millisecond)
		visible = time.Now()
	} else {
		s.waitFor(t, 4000)
		jetstream.Drop()
		s.waitFor(t, 7000)
		installation.kill[0]() // while complaints rise
		s.waitFor(t, 10_000)
		jetstream.Stop()
		s.waitFor(t, 12_000)
		jetstream.Start()
		s.waitFor(t, 14_000)
		installation.kill[1]()
		s.waitFor(t, 18_000)
		jetstream.GoAway()
	}
	posting.Wait()

	s.counted(t, installation.api)
	found := s.outage(t, installation.api)
	if !disturbed {
		s.inTime(t, found, visible)
	}
}

func streamOutages(t *testing.T, api string) []outage.Outage {
	t.Helper()
	var page struct {
		Outages []outage.Outage `json:"outages"`
	}
	getJSON(t, api+"/v1/outages", &page)
	return page.Outages
}

// counted waits until all complaints are counted, each in its minute, and no others.
func (s *stream) counted(t *testing.T, api string) {
	t.Helper()
	first := s.complaints[outage.AllCountries][0]
	for country, at := range s.complaints {
		require.Eventually(t, func() bool {
			return sumOfSeries(t, api, streamService, country, first) >= len(at)
		}, 90*time.Second, 100*time.Millisecond, "complaints of %s are not counted", country)
		want := map[time.Time]int{}
		for _, at := range at {
			want[at.UTC().Truncate(time.Minute)]++
		}
		require.Equal(t, want, streamMinutes(t, api, country, first), country)
	}
	require.Zero(t, sumOfSeries(t, api, streamService, outage.UnknownCountry, first))
}

// streamMinutes asks for the counts of a country by minute.
func streamMinutes(t *testing.T, api, country string, since time.Time) map[time.Time]int {
	t.Helper()
	query := url.Values{
		"country": {country}, "step": {"1m"}, "from": {since.UTC().Truncate(time.Minute).Format(time.RFC3339)},
		"to": {time.Now().UTC().Truncate(time.Minute).Add(time.Minute).Format(time.RFC3339)},
	}
	var series struct {
		Points []struct {
			At      time.Time `json:"at"`
			Reports int       `json:"reports"`
		} `json:"points"`
	}
	getJSON(t, api+"/v1/services/"+streamService+"/series?"+query.Encode(), &series)
	minutes := map[time.Time]int{}
	for _, point := range series.Points {
		if point.Reports > 0 {
			minutes[point.At.UTC()] = point.Reports
		}
	}
	return minutes
}

// outage waits for the one outage with its three countries.
func (s *stream) outage(t *testing.T, api string) outage.Outage {
	t.Helper()
	var outages []outage.Outage
	require.Eventually(t, func() bool {
		outages = streamOutages(t, api)
		return len(outages) > 0 && len(outages[0].Impacts) >= len(streamCities)
	}, time.Minute, 100*time.Millisecond, "the outage is not there")
	require.Len(t, outages, 1, "one outage")
	found := outages[0]
	require.Equal(t, streamService, found.Service)
	require.Equal(t, outage.Ongoing, found.State)
	var countries []string
	for _, impact := range found.Impacts {
		countries = append(countries, impact.Country)
	}
	require.Equal(t, []string{"GB", "ID", "NL"}, countries)
	onset := s.complaints[outage.AllCountries][0]
	require.WithinRange(t, found.StartedAt, onset.Add(-time.Minute), onset.Add(time.Minute))
	require.WithinRange(t, found.DetectedAt, onset, onset.Add(time.Minute))
	return found
}

// inTime checks that the outage could be seen as soon as its evidence allowed it:
// when so many complaints had been posted that their score was over the bar.
func (s *stream) inTime(t *testing.T, found outage.Outage, visible time.Time) {
	t.Helper()
	first := found.Impacts[0]
	for _, impact := range found.Impacts {
		if impact.DetectedAt.Before(first.DetectedAt) {
			first = impact
		}
	}
	if all := found.Superseded; all != nil && !all.DetectedAt.After(first.DetectedAt) {
		first = *all
	}
	evidence := first.Evidence
	needed := evidence.Reporters
	for fewer := needed - 1; fewer >= 4; fewer-- { // four origins are needed in any case
		evidence.Reporters = fewer
		explained, err := detect.Explain(evidence)
		require.NoError(t, err)
		if explained.Score < evidence.Bar {
			break
		}
		needed = fewer
	}
	window := first.DetectedAt.UTC().Truncate(time.Minute).Add(-time.Duration(evidence.WindowMinutes-1) * time.Minute)
	var posted []time.Time
	for _, at := range s.complaints[first.Country] {
		if !at.Before(window) {
			posted = append(posted, at)
		}
	}
	require.GreaterOrEqual(t, len(posted), needed)
	allowed := posted[needed-1]
	t.Logf("%d complaints of %s were enough, %s before the outage could be seen (the goal is 5s)", needed, first.Country, visible.Sub(allowed))
	require.False(t, visible.Before(allowed), "an outage that nothing had told of")
}
