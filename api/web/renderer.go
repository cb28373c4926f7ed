package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/pkg/problem"
)

// The pages that there are, by the name that Render takes.
const (
	PageHome   = "home"   // takes a Home
	PageReport = "report" // takes what ingest's form hands over
	PageError  = "error"  // takes an ErrorPage
)

//go:embed templates
var templates embed.FS

// Renderer fills pages. It may be used from many goroutines at once.
type Renderer struct {
	pages  map[string]*template.Template
	assets *assets
	logger *slog.Logger
}

// New parses every template, so that a broken one stops the start and not a request.
func New(logger *slog.Logger) (*Renderer, error) {
	if logger == nil {
		return nil, errors.New("pages: a logger is required")
	}
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	r := &Renderer{pages: map[string]*template.Template{}, assets: files, logger: logger}
	layout, err := template.New("layout").
		Option("missingkey=error").
		Funcs(template.FuncMap{"asset": files.href, "thousands": Thousands, "first": first}).
		ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse page layout: %w", err)
	}
	for _, name := range []string{PageHome, PageReport, PageError} {
		page, err := template.Must(layout.Clone()).ParseFS(templates, "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse page: %w", err)
		}
		r.pages[name] = page
	}
	return r, nil
}

// Mount adds GET /assets/…, which every page links to.
func (r *Renderer) Mount(router gin.IRouter) { r.assets.mount(router) }

// Render answers with a page. If the page cannot be rendered, the answer is a
// short plain text with status 500, and the reason goes to the log.
func (r *Renderer) Render(c *gin.Context, status int, page string, data any) {
	var body bytes.Buffer
	if err := r.render(&body, page, data); err != nil {
		r.logger.Error("page could not be rendered", slog.String("page", page), slog.Any("error", err))
		c.Header("Cache-Control", "no-store")
		c.String(http.StatusInternalServerError, "This page is broken. We have been told.\n")
		return
	}
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
}

func (r *Renderer) render(body *bytes.Buffer, page string, data any) error {
	t, ok := r.pages[page]
	if !ok {
		return fmt.Errorf("there is no page %q", page)
	}
	if err := t.ExecuteTemplate(body, "layout", data); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	return nil
}

// ErrorPage is what the page "error" is rendered with.
type ErrorPage struct {
	Title  string
	Status int
	Detail string
}

// Error answers with the page of the problem that the error is, and attaches
// the error to the context, for the request log.
func (r *Renderer) Error(c *gin.Context, err error) {
	_ = c.Error(err)
	p := problem.From(err)
	problem.SetRetryAfter(c, p)
	c.Header("Cache-Control", "no-store")
	r.Render(c, p.Status, PageError, describe(p))
}

// describe says in people's words what went wrong.
func describe(p *problem.Problem) ErrorPage {
	page := ErrorPage{Status: p.Status, Detail: p.Detail}
	switch p.Status {
	case http.StatusNotFound:
		page.Title = "There is nothing here"
		page.Detail = "The address may be mistyped, or what was here has gone."
	case http.StatusTooManyRequests:
		page.Title = "That was a lot at once"
	case http.StatusServiceUnavailable:
		page.Title = "Outcry has trouble itself"
		page.Detail = "A part of it cannot be reached right now. Please try again in a moment."
	case http.StatusInternalServerError:
		page.Title = "Something broke on our side"
		page.Detail = "It has been noted. Please try again in a moment."
	default:
		page.Title = "This did not work"
		if page.Detail == "" {
			page.Detail = p.Title
		}
	}
	return page
}
