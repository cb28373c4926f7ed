package form

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	pageName = "report"
	// honeypot is a field that people do not see, with a name that programs like.
	honeypot   = "website"
	stampField = "stamp"
	// repeatFor is how long sending the same page again (a double click, the
	// back button) is the same report. The live state knows an id for an hour
	// after it was recorded, which is later than the page was made.
	repeatFor = 30 * time.Minute
)

// getPage is GET /report.
func (h *Handler) getPage(c *gin.Context) {
	now := h.config.Now()
	page := h.newPage(ask{
		service: h.lists.slug(bound(c.Query("service"))), kind: bound(c.Query("kind")),
		problem: bound(c.Query("problem")), country: bound(c.Query("country")),
	})
	stamp, err := h.welcome(c, now)
	if err != nil {
		h.renderError(c, page, err)
		return
	}
	page.Stamp = stamp
	h.render(c, http.StatusOK, page)
}

// welcome gives the browser its token and returns the page's stamp.
func (h *Handler) welcome(c *gin.Context, now time.Time) (string, error) {
	ctx := c.Request.Context()
	current := token(c.Request)
	issued, err := h.config.Identifier.IssueToken(ctx, now, current)
	if err != nil {
		return "", err
	}
	if issued != current {
		http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure where people come by HTTPS
			Name: cookieName, Value: issued, Path: "/", MaxAge: int(identity.TokenLife / time.Second),
			HttpOnly: true, Secure: h.secure, SameSite: http.SameSiteLaxMode,
		})
	}
	return h.config.Identifier.Stamp(ctx, now)
}

// postPage is POST /report.
func (h *Handler) postPage(c *gin.Context) {
	r := &request{source: outage.SourceForm, http: c.Request, now: h.config.Now()}
	fields, err := h.readPage(r)
	page := h.newPage(r.ask)
	if h.foreign(r.http) {
		h.refused(r.source, ingest.RefusedForeign)
		h.showOurs(c, r, page)
		return
	}
	if err != nil {
		h.refused(r.source, ingest.RefusedInvalid)
		h.askAgain(c, r, page, fields, err)
		return
	}
	to, err := h.resolve(r)
	if err != nil {
		h.askAgain(c, r, page, fields, err)
		return
	}
	receipt := pretended(r, to)
	if fields.Get(honeypot) != "" {
		h.refused(r.source, ingest.DroppedHoneypot)
	} else if receipt, err = h.takeFilled(r, to, fields); err != nil {
		h.askAgain(c, r, page, fields, err)
		return
	}
	page.Done = &Done{
		Service: to.service.Slug, ServiceName: to.service.Name, Country: knownCountry(receipt.Country),
		Counted: receipt.Outcome == outage.Counted, Reason: kindly(receipt.Outcome, r.works()), Works: r.works(),
	}
	h.render(c, http.StatusOK, page)
}

func (h *Handler) readPage(r *request) (fields url.Values, err error) {
	if mediaType(r.http) != typeForm {
		return nil, unsupported(typeForm)
	}
	buffer, _ := h.bodies.Get().(*[]byte)
	defer h.bodies.Put(buffer)
	body, err := read(r.http, *buffer)
	if err != nil {
		return nil, err
	}
	r.ask, fields, err = decodeForm(body)
	r.ask.service = h.lists.slug(r.ask.service)
	return fields, err
}

// takeFilled is take for a page that was filled in by a person, as far as one can tell.
func (h *Handler) takeFilled(r *request, to resolved, fields url.Values) (outage.Receipt, error) {
	if err := h.checkStamp(r, fields); err != nil {
		return outage.Receipt{}, err
	}
	return h.take(r, to)
}

// checkStamp tells by the page's stamp when it was opened. A submission without
// one, or one that no person makes so quickly, is answered by the same page: a
// person presses the button again, and simple programs do not.
func (h *Handler) checkStamp(r *request, fields url.Values) error {
	stamp := fields.Get(stampField)
	if stamp == "" {
		h.refused(r.source, ingest.RefusedQuick)
		return problem.Invalid(stampField, "report.no_stamp")
	}
	at, ok, err := h.config.Identifier.Stamped(r.http.Context(), r.now, stamp)
	if err != nil {
		h.refused(r.source, ingest.RefusedUnavailable)
		return err
	}
	if !ok {
		h.refused(r.source, ingest.RefusedInvalid)
		return problem.Invalid(stampField, "report.old_stamp")
	}
	age := r.now.Sub(at)
	if age < h.config.MinFill {
		h.refused(r.source, ingest.RefusedQuick)
		return problem.Invalid(stampField, "report.too_quick")
	}
	if age < repeatFor {
		r.once = "stamp:" + stamp
	}
	return nil
}

// showOurs answers what another site's page sent with our own page, on which the
// person can say so, or not. It carries no cookie: the browser keeps its own from
// other sites' requests, and would lose it to a new one.
func (h *Handler) showOurs(c *gin.Context, r *request, page *Page) {
	page.Stamp, _ = h.config.Identifier.Stamp(r.http.Context(), r.now) // without one the next try asks again
	h.renderError(c, page, problem.Status(http.StatusForbidden, "cross-site-request",
		"this was sent by a page of another site"))
}

// askAgain shows the page with what was typed and what was wrong with it. The
// stamp stays, so that whoever corrects a slip quickly is not taken for a program.
func (h *Handler) askAgain(c *gin.Context, r *request, page *Page, fields url.Values, err error) {
	page.Stamp = fields.Get(stampField)
	if _, ok, _ := h.config.Identifier.Stamped(r.http.Context(), r.now, page.Stamp); !ok {
		// Without a stamp the next try asks for one again.
		page.Stamp, _ = h.welcome(c, r.now)
	}
	h.renderError(c, page, err)
}

func (h *Handler) renderError(c *gin.Context, page *Page, err error) {
	p := problem.From(err)
	_ = c.Error(err)
	problem.SetRetryAfter(c, p)
	page.Error, page.Field = sentence(p), p.Field
	for _, slug := range p.Suggestions {
		if service, known := h.config.Catalog.Service(slug); known {
			page.Suggestions = append(page.Suggestions, Option{Value: service.Slug, Label: service.Name})
		}
	}
	h.render(c, p.Status, page)
}

// render writes the page. It is one person's, so nobody may cache it; and a
// browser must say in a form's Origin that it was ours, which a stricter policy forbids.
func (h *Handler) render(c *gin.Context, status int, page *Page) {
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "same-origin")
	h.config.Render(c, status, pageName, *page)
}

// knownCountry returns the code, "" for the unknown country.
func knownCountry(code string) string {
	if code == outage.UnknownCountry {
		return ""
	}
	return code
}

// bound shortens a value from outside to what a field may have.
func bound(value string) string {
	if len(value) > maxValue {
		return quote(value)
	}
	return value
}

// pretended is the receipt of a report that is dropped without saying so: that of
// a program, which has filled in a field that no person sees.
func pretended(r *request, to resolved) outage.Receipt {
	return outage.Receipt{
		ID: outage.NewID(r.now), Service: to.service.Slug, Country: to.country, Outcome: outage.Counted,
	}
}
