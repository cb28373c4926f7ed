package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// keepPage is how long a page that was made is sent to whoever wants it alike.
const keepPage = time.Second

// show answers with a page that is the same for all who want it alike: of one
// page, language and colours there is one body at a time. Here is the query that
// leads to the page, of parameters that were checked.
func (a *API) show(c *gin.Context, page, path, here string, build func(context.Context, string) (any, error)) {
	choice := a.pages.Choice(c)
	key := page + " " + choice.Lang + " " + choice.Theme + " " + path + " " + here + " " + a.origin(c)
	body, err := a.made.get(c.Request.Context(), key, keepPage, func(ctx context.Context) ([]byte, error) {
		data, err := build(ctx, choice.Lang)
		if err != nil {
			return nil, err
		}
		return a.pages.Make(choice, page, here, data)
	})
	if err != nil {
		a.pages.Error(c, err)
		return
	}
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keepLive.Seconds())))
	a.pages.Send(c, http.StatusOK, choice, body)
}
