package reference

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Reference is the description as a page shows it, in its order.
type Reference struct {
	Version string
	Intro   Prose
	Groups  []Group
	Schemas []Schema
}

// Group is the calls under one tag.
type Group struct {
	Name  string
	Calls []Call
}

// Call is one operation.
type Call struct {
	ID, Method, Path string
	Summary          Prose
	Description      Prose
	Parameters       []Parameter
	Body             []Content
	Answers          []Answer

	curl string // without the origin
}

// Parameter is one of a call.
type Parameter struct {
	Name, In    string
	Required    bool
	Type        Type
	Default     string
	Description Prose
}

// Answer is what a call may answer with.
type Answer struct {
	Status      string
	Description Prose
	Headers     []Header
	Content     []Content
}

// Header is one of an answer.
type Header struct {
	Name        string
	Description Prose
}

// Content is a body of some media type.
type Content struct {
	MediaType string
	Type      Type
	Example   string // "" for none
}

// Schema is a named one.
type Schema struct {
	Name        string
	Type        Type // of what has no properties
	Description Prose
	Properties  []Property
	Example     string
}

// Property is one of a schema.
type Property struct {
	Name        string
	Required    bool
	Type        Type
	Description Prose
}

// Type is what a value looks like: words, some of which are names of schemas.
type Type []Word

// Word is a part of a type.
type Word struct {
	Text   string
	Schema string // the schema that it names, "" for none
}

// Prose is text with blank lines between paragraphs and `code` in it.
type Prose string

// Paragraphs returns the text as HTML, by paragraph.
func (p Prose) Paragraphs() []template.HTML {
	var paragraphs []template.HTML
	for text := range strings.SplitSeq(strings.TrimSpace(string(p)), "\n\n") {
		if text != "" {
			paragraphs = append(paragraphs, Prose(text).Inline())
		}
	}
	return paragraphs
}

// Inline returns the text as HTML, in one piece.
func (p Prose) Inline() template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(string(p), "`") {
		text := template.HTMLEscapeString(part)
		if i%2 == 1 {
			text = "<code>" + text + "</code>"
		}
		b.WriteString(text)
	}
	return template.HTML(b.String()) //nolint:gosec // escaped above
}

// Curl returns a line for a shell that makes the call.
func (c Call) Curl(origin string) string { return strings.ReplaceAll(c.curl, "{origin}", origin) }

// Read reads a description in YAML.
func Read(openapi []byte) (*Reference, error) {
	var document any
	if err := yaml.UnmarshalWithOptions(openapi, &document, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("read the description of the API: %w", err)
	}
	r := reader{root: node{document}}
	info := r.root.get("info")
	read := &Reference{Version: info.get("version").text(), Intro: Prose(info.get("description").text())}
	for _, tag := range r.root.get("tags").items() {
		read.Groups = append(read.Groups, Group{Name: tag.get("name").text()})
	}
	for path, item := range r.root.get("paths").members() {
		for method, operation := range item.members() {
			if method == "parameters" {
				continue
			}
			call := r.call(strings.ToUpper(method), path, item, operation)
			i := slices.IndexFunc(read.Groups, func(g Group) bool { return g.Name == operation.get("tags").first() })
			if i < 0 || call.ID == "" || call.Summary == "" {
				r.fail("%s %s has no id, no summary or no tag that is listed", method, path)
				continue
			}
			read.Groups[i].Calls = append(read.Groups[i].Calls, call)
		}
	}
	for name, schema := range r.root.get("components").get("schemas").members() {
		read.Schemas = append(read.Schemas, r.schema(name, schema))
	}
	slices.SortFunc(read.Schemas, func(a, b Schema) int { return cmp.Compare(a.Name, b.Name) })
	return read, errors.Join(r.problems...)
}

// reader reads one description, and keeps what is wrong with it.
type reader struct {
	root     node
	problems []error
}

func (r *reader) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("description of the API: "+format, args...))
}

func (r *reader) call(method, path string, item, operation node) Call {
	call := Call{
		ID: operation.get("operationId").text(), Method: method, Path: path,
		Summary: Prose(operation.get("summary").text()), Description: Prose(operation.get("description").text()),
	}
	address, query := path, url.Values{}
	for _, given := range slices.Concat(item.get("parameters").items(), operation.get("parameters").items()) {
		given = r.resolve(given)
		schema := given.get("schema")
		p := Parameter{
			Name: given.get("name").text(), In: given.get("in").text(), Required: given.get("required").text() == "true",
			Type: r.typeOf(schema), Default: r.resolve(schema).get("default").text(), Description: r.description(given, schema),
		}
		call.Parameters = append(call.Parameters, p)
		example := given.get("example").text()
		switch {
		case p.In == "path":
			address = strings.ReplaceAll(address, "{"+p.Name+"}", fmt.Sprint(r.example(schema, 0).v))
		case p.In == "query" && example != "":
			query.Set(p.Name, example)
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	call.curl = "curl '{origin}" + address + "'"
	if body := operation.get("requestBody"); body.v != nil {
		call.Body = r.content(body)
		for _, content := range call.Body {
			if content.MediaType == "application/json" {
				call.curl += " \\\n  -H 'Content-Type: application/json' \\\n  -d '" + compact(r.example(body.get("content").get(content.MediaType).get("schema"), 0)) + "'"
			}
		}
	}
	for status, answer := range operation.get("responses").members() {
		answer = r.resolve(answer)
		a := Answer{Status: status, Description: Prose(answer.get("description").text()), Content: r.content(answer)}
		for name, header := range answer.get("headers").members() {
			a.Headers = append(a.Headers, Header{Name: name, Description: Prose(r.resolve(header).get("description").text())})
		}
		if slices.ContainsFunc(a.Content, func(c Content) bool { return c.MediaType == "text/event-stream" }) {
			call.curl = strings.Replace(call.curl, "curl ", "curl -N ", 1)
		}
		call.Answers = append(call.Answers, a)
	}
	return call
}

func (r *reader) content(of node) []Content {
	var all []Content
	for mediaType, media := range of.get("content").members() {
		all = append(all, Content{MediaType: mediaType, Type: r.typeOf(media.get("schema")), Example: media.get("example").text()})
	}
	return all
}

// description is that of the thing itself, else that of its schema.
func (r *reader) description(of, schema node) Prose {
	return Prose(cmp.Or(of.get("description").text(), schema.get("description").text(), r.resolve(schema).get("description").text()))
}

func (r *reader) schema(name string, given node) Schema {
	s := Schema{Name: name, Description: Prose(given.get("description").text())}
	required := given.get("required").items()
	for property, schema := range given.get("properties").members() {
		s.Properties = append(s.Properties, Property{
			Name: property, Type: r.typeOf(schema), Description: r.description(schema, schema),
			Required: slices.ContainsFunc(required, func(n node) bool { return n.text() == property }),
		})
	}
	if s.Properties == nil {
		s.Type = r.typeOf(given)
		return s
	}
	s.Example = indented(r.example(given, 0))
	return s
}

// resolve follows a reference.
func (r *reader) resolve(given node) node {
	for range maxDepth {
		target := given.get("$ref").text()
		if target == "" {
			return given
		}
		found := r.root
		for step := range strings.SplitSeq(strings.TrimPrefix(target, "#/"), "/") {
			found = found.get(step)
		}
		if found.v == nil {
			r.fail("there is no %s", target)
			return found
		}
		given = found
	}
	r.fail("references in a circle")
	return node{}
}
