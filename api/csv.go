package api

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// maxRows is the most outages, and maxCSVPoints the most points, of one file:
	// 400 days by quarters of an hour.
	maxRows      = 10_000
	maxCSVPoints = 400 * 24 * 4
)

// csvFile writes RFC 4180: a header, lines that end in CR LF, UTF-8.
type csvFile struct {
	buffer bytes.Buffer
	w      *csv.Writer
}

func newCSV(header ...string) *csvFile {
	f := &csvFile{}
	f.w = csv.NewWriter(&f.buffer)
	f.w.UseCRLF = true
	f.row(header...)
	return f
}

func (f *csvFile) row(cells ...string) { _ = f.w.Write(cells) } // a buffer takes everything

// respond answers with the file, for as long as it may be kept.
func (f *csvFile) respond(c *gin.Context, keep time.Duration, name string, extra ...string) {
	f.w.Flush()
	made := newAnswer(keep, "text/csv; charset=utf-8; header=present", f.buffer.Bytes())
	made.extra = append([]string{"Content-Disposition", `attachment; filename="` + name + `.csv"`}, extra...)
	send(c, made)
}

// plainCell makes a text safe for programs that take some cells for formulas.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func timeCell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// format reads how the answer is wanted.
func (q *query) wantsCSV() bool {
	const asJSON, asCSV = "json", "csv"
	return oneOf(q, "format", asJSON, asCSV) == asCSV
}

// errPartly refuses a file from which something would be missing: it would be kept
// and quoted without anybody knowing.
func errPartly(what string) error {
	return problem.New(outage.ErrUnavailable, what+"; a file is given only if nothing is missing from it, format=json says what there is")
}

// outagesCSV answers with a file of outages. If there are more, a header Link has
// the address of the next file.
func (a *API) outagesCSV(c *gin.Context, list spec.OutageList, now time.Time) {
	if !list.Complete {
		problem.Write(c, errPartly("the archive is away and older outages may be missing"))
		return
	}
	file := newCSV("id", "service", "name", "category", "state", "started_at", "detected_at", "ended_at", "final", "minutes",
		"reports", "peak_at", "peak_reports_per_minute", "countries", "retracted", "merged_into")
	for _, o := range list.Outages {
		service, _ := a.catalog.Service(o.Service) // one that the catalog has no more is known by its slug
		merged := ""
		if o.MergedInto != nil {
			merged = o.MergedInto.String()
		}
		lasted := end(o.Outage, now).Sub(o.StartedAt)
		file.row(o.ID.String(), plainCell(o.Service), plainCell(service.Name), plainCell(service.Category), string(o.State),
			timeCell(&o.StartedAt), timeCell(&o.DetectedAt), timeCell(o.EndedAt), strconv.FormatBool(o.Final),
			strconv.Itoa(int(lasted.Round(time.Minute)/time.Minute)), strconv.Itoa(o.Reports),
			timeCell(&o.Peak.At), strconv.Itoa(o.Peak.ReportsPerMinute), strings.Join(codes(o.Impacts), " "),
			strconv.FormatBool(o.Retracted), merged)
	}
	var extra []string
	if list.NextCursor != nil {
		next := *c.Request.URL
		values := next.Query()
		values.Set("cursor", *list.NextCursor)
		next.RawQuery = values.Encode()
		extra = []string{"Link", "<" + next.RequestURI() + `>; rel="next"`}
	}
	file.respond(c, keepLive, "outcry-outages", extra...)
}

// seriesCSV answers with a file of points.
func seriesCSV(c *gin.Context, keep time.Duration, series spec.Series) {
	if !series.Complete {
		problem.Write(c, errPartly("the live state is away and the latest reports may be missing"))
		return
	}
	file := newCSV("at", "reports", "expected")
	for _, point := range series.Points {
		expected := ""
		if point.Expected != nil {
			expected = strconv.FormatFloat(*point.Expected, 'f', -1, 64)
		}
		file.row(point.At.Format(time.RFC3339), strconv.Itoa(point.Reports), expected)
	}
	where := series.Country
	if where == outage.AllCountries {
		where = "all"
	}
	file.respond(c, keep, strings.Join([]string{"outcry", series.Service, where, series.From.Format(time.DateOnly), string(series.Step)}, "-"))
}

// addTo sets the further headers of an answer: names and values in turn.
func addTo(header http.Header, fields []string) {
	for i := 0; i+1 < len(fields); i += 2 {
		header.Set(fields[i], fields[i+1])
	}
}
