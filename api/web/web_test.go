package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

// reportPage has the fields that the form hands over. The pages do not import
// ingest, so its types are repeated here.
type reportPage struct {
	Title                string
	Services             []option
	Service, ServiceName string
	Problems, Countries  []option
	Problem, Country     string
	Stamp, Honeypot      string
	Error, Field         string
	Suggestions          []option
	Done                 *done
}

type option struct {
	Value, Label string
	Selected     bool
}

type done struct {
	Service, ServiceName, CountryName string
	Counted                           bool
	Reason                            string
}

func render(t *testing.T, page string, data any) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	renderer, err := web.New(slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(recorder)
	renderer.Render(c, http.StatusOK, page, data)
	return recorder, log.String()
}

// full is a form on which everything that can be shown is shown.
func full() reportPage {
	page := reportPage{Title: "Report a problem", Stamp: "signed", Honeypot: "website"}
	for i := range 500 {
		page.Services = append(page.Services, option{Value: fmt.Sprint("s", i), Label: fmt.Sprint("A rather long service name ", i)})
	}
	for _, code := range place.Codes() {
		page.Countries = append(page.Countries, option{Value: code, Label: place.Name(code), Selected: code == "ID"})
	}
	return page
}

func TestReportFormAsksForAService(t *testing.T) {
	t.Parallel()
	recorder, _ := render(t, web.PageReport, full())
	body := recorder.Body.String()
	for _, want := range []string{
		`<form class="card form" action="/report" method="post">`,
		`<label for="service">`, `<input id="service" name="service" list="services"`,
		`<input type="hidden" name="stamp" value="signed">`, `name="website" tabindex="-1" autocomplete="off"`,
		`<option value="ID" selected>Indonesia`, `<label for="country">`,
	} {
		require.Contains(t, body, want)
	}
	require.NotContains(t, body, "<script")
	require.Less(t, len(body), 22_000, "with the style sheet it must stay under 30 kB")
}

func TestReportFormOffersTheServicesProblems(t *testing.T) {
	t.Parallel()
	page := full()
	page.Service, page.ServiceName = "whatsapp", "WhatsApp"
	page.Problems = []option{{Value: "messages", Label: "Messages are not sent", Selected: true}, {Value: "calls", Label: "Calls fail"}}
	recorder, _ := render(t, web.PageReport, page)
	body := recorder.Body.String()
	require.Contains(t, body, "<h1>Report a problem with WhatsApp</h1>")
	require.Contains(t, body, `<input type="hidden" name="service" value="whatsapp">`)
	require.Contains(t, body, `<input type="radio" name="problem" value="messages" checked>`)
	require.Contains(t, body, `<input type="radio" name="problem" value="calls">`)
	require.NotContains(t, body, "<datalist")
}

func TestReportFormSaysWhatWasWrong(t *testing.T) {
	t.Parallel()
	page := full()
	page.Service, page.Field, page.Error = `"><script>alert(1)</script>`, "service", "We do not know <this>."
	page.Suggestions = []option{{Value: "whatsapp", Label: "WhatsApp"}}
	recorder, _ := render(t, web.PageReport, page)
	body := recorder.Body.String()
	require.Contains(t, body, `role="alert"`)
	require.Contains(t, body, "We do not know &lt;this&gt;.")
	require.Contains(t, body, `aria-invalid="true" aria-describedby="wrong"`)
	require.Contains(t, body, `href="/report?service=whatsapp"`)
	require.NotContains(t, body, "<script")
}

func TestReportFormThanks(t *testing.T) {
	t.Parallel()
	page := full()
	page.Done = &done{ServiceName: "WhatsApp", CountryName: "Indonesia", Counted: true}
	recorder, _ := render(t, web.PageReport, page)
	require.Contains(t, recorder.Body.String(), "one more person for whom WhatsApp fails in Indonesia")
	require.NotContains(t, recorder.Body.String(), "<form")

	page.Done = &done{ServiceName: "WhatsApp", Reason: "You have said so already."}
	recorder, _ = render(t, web.PageReport, page)
	require.Contains(t, recorder.Body.String(), "You have said so already.")
	require.NotContains(t, recorder.Body.String(), "that counts")
}

// The licence of the networks' data asks for the link on pages that use it.
func TestEveryPageCreditsTheNetworksData(t *testing.T) {
	t.Parallel()
	const credit = `<a href="https://db-ip.com">IP Geolocation by DB-IP</a>`
	for page, data := range map[string]any{
		web.PageHome: web.Home{}, web.PageReport: full(), web.PageError: web.ErrorPage{},
	} {
		recorder, log := render(t, page, data)
		require.Contains(t, recorder.Body.String(), credit, "%s %s", page, log)
	}
}

func TestBrokenPageIsNeverHalfAPage(t *testing.T) {
	t.Parallel()
	for page, data := range map[string]any{
		web.PageReport: struct{ Title string }{"no more than a title"},
		"nothing":      nil,
	} {
		recorder, log := render(t, page, data)
		require.Equal(t, http.StatusInternalServerError, recorder.Code)
		require.NotContains(t, recorder.Body.String(), "<html")
		require.Contains(t, log, "page could not be rendered")
	}
}

func TestErrorPagesSayWhatPeopleCanDo(t *testing.T) {
	t.Parallel()
	renderer, err := web.New(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	for want, err := range map[string]error{
		"There is nothing here":       outage.ErrNotFound,
		"Outcry has trouble itself":   fmt.Errorf("dial 10.1.2.3: %w", outage.ErrUnavailable),
		"Something broke on our side": errors.New("dial 10.1.2.3"),
		"That was a lot at once":      problem.New(outage.ErrLimited, "At most ten a minute."),
		"at most 10 bytes":            problem.TooLarge(10),
		"this address answers GET":    problem.Status(http.StatusMethodNotAllowed, "method-not-allowed", "this address answers GET"),
	} {
		recorder := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(recorder)
		renderer.Error(c, err)
		require.Equal(t, problem.From(err).Status, recorder.Code)
		require.Contains(t, recorder.Body.String(), want)
		require.NotContains(t, recorder.Body.String(), "10.1.2.3")
		require.Equal(t, "no-store", recorder.Header().Get("Cache-Control"))
		require.Len(t, c.Errors, 1)
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	now := time.Date(2017, 11, 3, 8, 42, 30, 0, time.UTC)
	tests := []struct {
		before         time.Duration
		text, ago, iso string
	}{
		{0, "08:42 UTC", "just now", "2017-11-03T08:42:30Z"},
		{-time.Minute, "08:43 UTC", "just now", "2017-11-03T08:43:30Z"},
		{42*time.Minute + 59*time.Second, "07:59 UTC", "42 min ago", "2017-11-03T07:59:31Z"},
		{2 * time.Hour, "06:42 UTC", "2 h ago", "2017-11-03T06:42:30Z"},
		{2*time.Hour + 5*time.Minute, "06:37 UTC", "2 h 5 min ago", "2017-11-03T06:37:30Z"},
		{25 * time.Hour, "2 Nov, 07:42 UTC", "1 day ago", "2017-11-02T07:42:30Z"},
		{72 * time.Hour, "31 Oct, 08:42 UTC", "3 days ago", "2017-10-31T08:42:30Z"},
		{366 * 24 * time.Hour, "2 Nov 2016, 08:42 UTC", "366 days ago", "2016-11-02T08:42:30Z"},
	}
	for _, tt := range tests {
		m := web.Moment{At: now.Add(-tt.before), Now: now}
		require.Equal(t, tt.text, m.Text())
		require.Equal(t, strings.TrimSuffix(tt.text, " UTC"), m.Short())
		require.Equal(t, tt.ago, m.Ago())
		require.Equal(t, tt.iso, m.ISO())
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 10412: "10,412", 1234567: "1,234,567", -1000: "-1,000"} {
		require.Equal(t, want, web.Thousands(n))
	}
}

func TestTrendIsScaledToItsHighestPoint(t *testing.T) {
	t.Parallel()
	require.Nil(t, web.NewTrend([]int{5}, time.Minute))
	require.Equal(t, "-3,43 -3,39 0,39 120,1 240,20 243,20 243,43", web.NewTrend([]int{0, 10, 5}, time.Minute).Line)
	require.Equal(t, "-3,43 -3,39 0,39 240,39 243,39 243,43", web.NewTrend([]int{0, 0}, time.Minute).Line, "silence lies on the ground")

	long := web.NewTrend(make([]int, 120), time.Minute)
	require.Equal(t, "2 h ago", long.From)
	require.LessOrEqual(t, strings.Count(long.Line, " "), 44)
	require.Contains(t, web.NewTrend(append(make([]int, 118), 3, 4), time.Minute).Label, "highest point is 7 in 4 min")
}

func TestTrendEndsWithTheRunningStep(t *testing.T) {
	t.Parallel()
	const second = time.Second
	require.Equal(t, "-3,43 -3,39 0,39 120,39 240,1 243,1 243,43", web.NewTrend([]int{0, 0, 48}, 5*second).Line, "what has just begun")
	require.Contains(t, web.NewTrend([]int{0, 0, 48}, 5*second).Label, "highest point is 48 in 1 min", "and no more than was counted")
	require.Equal(t, "-3,43 -3,1 0,1 120,1 240,1 243,1 243,43", web.NewTrend([]int{60, 60, 30}, 20*second).Line, "no false drop")
	require.Equal(t, "-3,43 -3,1 0,1 120,1 240,20 243,20 243,43", web.NewTrend([]int{60, 60, 15}, 30*second).Line, "a drop that goes on like that")
}
