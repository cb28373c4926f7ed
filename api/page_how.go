package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
)

// howPage answers with how Outcry works, and what it cannot see.
func (a *API) howPage(c *gin.Context) {
	origin := a.origin(c)
	a.show(c, web.PageHow, "", "", func(context.Context, string) (any, error) {
		now := a.now()
		return web.HowPage{
			Title: web.Say("how.title"), Now: web.Moment{At: now, Now: now}, Origin: origin, Services: len(a.catalog.Services()),
		}, nil
	})
}

// mountPages adds the pages.
func (a *API) mountPages(router gin.IRouter) {
	router.GET("/", a.home)
	router.GET("/services/:service", a.servicePage)
	router.GET("/countries/:country", a.countryPage)
	router.GET("/how", a.howPage)
}
