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
	h.allowAnyOrigin(c)
	r := &request{source: outage.SourceAPI, http: c.Request, now: h.config.Now()}
	dropped, err := h.readAPI(r)
	if err != nil {
		h.refused(r.source, ingest.RefusedInvalid)
		problem.Write(c, err)
		return
	}
	to, err := h.resolve(r)
	if err != nil {
		problem.Write(c, err)
		return
	}
	if dropped {
		h.refused(r.source, ingest.DroppedForeign)
		h.writeReceipt(c, pretended(r, to))
		return
	}
	receipt, err := h.take(r, to)
	if err != nil {
		problem.Write(c, err)
		return
	}
	h.writeReceipt(c, receipt)
}

// readAPI reads what is asked for. It also says whether it is to be dropped: a
// form that another site's page made a browser send. A page can send JSON to
// another site only if that site allows it, as this call does, and then
// without the browser's token.
func (h *Handler) readAPI(r *request) (dropped bool, err error) {
	if r.once, err = idempotencyKey(r.http); err != nil {
		return false, err
	}
	kind := mediaType(r.http)
	if kind != typeJSON && kind != typeForm {
		return false, unsupported(typeJSON + " or " + typeForm)
	}
	buffer, _ := h.bodies.Get().(*[]byte)
	defer h.bodies.Put(buffer)
	body, err := read(r.http, *buffer)
	if err != nil {
		return false, err
	}
	if kind == typeJSON {
		r.ask, err = decodeJSON(body)
	} else {
		r.ask, err = strictForm(body)
		dropped = h.foreign(r.http)
	}
	if r.once != "" {
		r.digest = r.ask.digest()
	}
	return dropped, err
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

// pretended is the receipt of a report that is dropped without saying so.
func pretended(r *request, to resolved) outage.Receipt {
	return outage.Receipt{
		ID: outage.NewID(r.now), Service: to.service.Slug, Country: to.country, Outcome: outage.Counted,
	}
}
