package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// reportPage has the fields that the form hands over. The pages do not import
// ingest, so its types are repeated here.
type reportPage struct {
	Title                web.Text
	Works                bool
	Services             []option
	Service, ServiceName string
	Problems, Countries  []option
	Problem, Country     string
	Stamp, Honeypot      string
	Error                web.Text
	Field                string
	Suggestions          []option
	Done                 *done
}

type option struct {
	Value, Label string
	Selected     bool
}

type done struct {
	Service, ServiceName, Country string
	Counted, Works                bool
	Reason                        web.Text
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
	page := reportPage{Title: web.Say("report.title"), Stamp: "signed", Honeypot: "website"}
	for i := range 500 {
		page.Services = append(page.Services, option{Value: fmt.Sprint("s", i), Label: fmt.Sprint("A rather long service name ", i)})
	}
	page.Country = "ID"
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
	require.Less(t, len(body), 26_000)
}

func TestReportFormOffersTheServicesProblems(t *testing.T) {
	t.Parallel()
	page := full()
	page.Title, page.Service, page.ServiceName = web.Say("report.title_of", "WhatsApp"), "whatsapp", "WhatsApp"
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
	page.Service, page.Field, page.Error = `"><script>alert(1)</script>`, "service", web.Say("report.as_is", "We do not know <this>.")
	page.Suggestions = []option{{Value: "whatsapp", Label: "WhatsApp"}}
	recorder, _ := render(t, web.PageReport, page)
	body := recorder.Body.String()
	require.Contains(t, body, `role="alert"`)
	require.Contains(t, body, "We do not know &lt;this&gt;.")
	require.Contains(t, body, `aria-invalid="true" aria-describedby="wrong"`)
	require.Contains(t, body, `href="/report?service=whatsapp"`)
	require.NotContains(t, body, "<script>")
}

func TestReportFormThanks(t *testing.T) {
	t.Parallel()
	page := full()
	page.Done = &done{ServiceName: "WhatsApp", Country: "ID", Counted: true}
	recorder, _ := render(t, web.PageReport, page)
	require.Contains(t, recorder.Body.String(), "one more person for whom WhatsApp fails in Indonesia")
	require.NotContains(t, recorder.Body.String(), `method="post"`)

	page.Done = &done{ServiceName: "WhatsApp", Reason: web.Say("report.duplicate")}
	recorder, _ = render(t, web.PageReport, page)
	require.Contains(t, recorder.Body.String(), "have already reported this")
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
