package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
)

// show answers with a page that is the same for all who want it alike: of one
// page, language and colours there is one body at a time, made once a second
// however many ask. Here is the query that leads to the page, of parameters that
// were checked.
func (a *API) show(c *gin.Context, page, path, here string, build func(ctx context.Context, lang string) (any, error)) {
	choice := a.pages.Choice(c)
	asked := question{host: a.origin(c), uri: page + " " + path + " " + here + " " + choice.Lang + " " + choice.Theme}
	began := a.now()
	shown := a.shown.get(asked, began)
	if shown == nil {
		body, err := a.makePage(c.Request.Context(), choice, page, here, build)
		if err != nil {
			a.shown.forget(asked)
			a.pages.Error(c, err)
			return
		}
		shown = newAnswer(keepLive, "text/html; charset=utf-8", body)
		shown.extra = []string{"Vary", "Accept-Language, Cookie", "Content-Language", choice.Lang}
		a.shown.put(asked, &knownAnswer{answer: shown, from: began})
	}
	if web.Chooses(c) {
		a.pages.Send(c, http.StatusOK, choice, shown.body)
		return
	}
	shown.write(c.Writer, c.Request)
	c.Writer.WriteHeaderNow()
}

// makePage reads what a page shows and renders it. It is for everybody: one client
// that hangs up must not spoil it.
func (a *API) makePage(ctx context.Context, choice web.Choice, page, here string, build func(context.Context, string) (any, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	data, err := build(ctx, choice.Lang)
	if err != nil {
		return nil, err
	}
	return a.pages.Make(choice, page, here, data)
}
