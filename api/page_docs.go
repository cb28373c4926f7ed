package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
)

// docsPage answers with the reference of the calls.
func (a *API) docsPage(c *gin.Context) {
	origin := a.origin(c)
	a.show(c, web.PageDocs, "", "", func(context.Context, string) (any, error) {
		return web.DocsPage{Title: web.Say("docs.title"), Origin: origin, Reference: a.reference}, nil
	})
}
