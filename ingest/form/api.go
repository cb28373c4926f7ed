package form

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

// maxKey is the longest Idempotency-Key.
const maxKey = 128

// postAPI is POST /v1/reports.
func (h *Handler) postAPI(c *gin.Context) {
	r := &request{source: outage.SourceAPI, http: c.Request, now: h.config.Now()}
	if h.foreign(r.http) {
		h.refused(r.source, ingest.RefusedForeign)
		problem.Write(c, crossSite())
		return
	}
	if err := h.readAPI(r); err != nil {
		h.refused(r.source, ingest.RefusedInvalid)
		problem.Write(c, err)
		return
	}
	to, err := h.resolve(r)
	if err != nil {
		problem.Write(c, err)
		return
	}
	receipt, err := h.take(r, to)
	if err != nil {
		problem.Write(c, err)
		return
	}
	h.writeReceipt(c, receipt)
}

// crossSite refuses what a browser sent for another site's page. Its visitors
// have not said that anything fails for them, and each has an address of its
// own, which no limit would notice.
func crossSite() *problem.Problem {
	return problem.Status(http.StatusForbidden, "cross-site-request",
		"reports are sent from a server, or from this installation's own pages, not from the pages of another site")
}

// readAPI reads what is asked for.
func (h *Handler) readAPI(r *request) (err error) {
	if r.http.URL.RawQuery != "" {
		return problem.Invalid("query", "this call takes no parameters in its address; "+fieldsWanted+" in its body")
	}
	if r.once, err = idempotencyKey(r.http); err != nil {
		return err
	}
	kind := mediaType(r.http)
	if kind != typeJSON && kind != typeForm {
		return unsupported(typeJSON + " or " + typeForm)
	}
	buffer, _ := h.bodies.Get().(*[]byte)
	defer h.bodies.Put(buffer)
	body, err := read(r.http, *buffer)
	if err != nil {
		return err
	}
	if kind == typeJSON {
		r.ask, err = decodeJSON(body)
	} else {
		r.ask, err = strictForm(body)
	}
	if r.once != "" {
		r.digest = r.ask.digest()
	}
	return err
}

// idempotencyKey returns the request's key, "" if it has none.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header["Idempotency-Key"]
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	fine := len(values) == 1 && len(key) >= 1 && len(key) <= maxKey
	for i := 0; fine && i < len(key); i++ {
		fine = key[i] >= ' ' && key[i] <= '~'
	}
	if !fine {
		return "", problem.Invalid("Idempotency-Key", "want one key of 1 to 128 printable ASCII characters")
	}
	return "key:" + key, nil
}
