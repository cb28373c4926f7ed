package form

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// reason says to programs why a report was not counted, "" if it was.
func reason(outcome outage.Outcome) string {
	switch outcome {
	case outage.Duplicate:
		return "already counted in the last 60 minutes"
	case outage.TooOld:
		return "too late: observed more than 15 minutes ago"
	case outage.Counted:
	}
	return ""
}

// kindly says the same to people.
func kindly(outcome outage.Outcome, works bool) Message {
	switch {
	case outcome == outage.Duplicate && works:
		return say("works.duplicate")
	case outcome == outage.Duplicate:
		return say("report.duplicate")
	case outcome == outage.TooOld:
		return say("report.too_old")
	}
	return Message{}
}

// sentence says to people what was wrong. Programs are told the detail as it is.
func sentence(p *problem.Problem) Message {
	switch {
	case p.Status == http.StatusServiceUnavailable:
		return say("report.not_recorded")
	case p.Status == http.StatusTooManyRequests:
		return say("report.limited")
	case p.Status == http.StatusForbidden:
		return say("report.foreign")
	case p.Status == http.StatusNotFound && p.Field == "service":
		return say("report.unknown_service")
	case p.Field == "service":
		return say("report.name_it")
	case p.Field == "problem":
		return say("report.choose_problem")
	case p.Field == "country":
		return say("report.choose_country")
	case p.Field == stampField:
		return say(p.Detail) // checkStamp puts the key there
	}
	text := cmp.Or(p.Detail, p.Title)
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return say("report.as_is", text)
}

// receiptSize is about as long as a receipt gets.
const receiptSize = 256

// writeReceipt answers 202 with
// {"id":…,"service":…,"country":…,"counted":…,"reason":…}. The values are
// identifiers and constants, in which there is nothing to escape.
func (h *Handler) writeReceipt(c *gin.Context, receipt outage.Receipt) {
	body := make([]byte, 0, receiptSize)
	body = append(body, `{"id":"`...)
	body = append(body, receipt.ID.String()...)
	body = append(body, `","service":"`...)
	body = append(body, receipt.Service...)
	body = append(body, `","country":"`...)
	body = append(body, receipt.Country...)
	body = append(body, `","counted":`...)
	body = strconv.AppendBool(body, receipt.Outcome == outage.Counted)
	if why := reason(receipt.Outcome); why != "" {
		body = append(body, `,"reason":"`...)
		body = append(body, why...)
		body = append(body, '"')
	}
	body = append(body, '}')
	header := c.Writer.Header()
	header["Content-Type"], header["Cache-Control"] = h.receiptType, h.noStore
	c.Status(http.StatusAccepted)
	_, _ = c.Writer.Write(body) // a client that has gone will ask again
}
