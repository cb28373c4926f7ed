package reference

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// maxDepth bounds how deep examples nest, and how far references lead.
const maxDepth = 8

// typeOf says in words what a schema allows.
func (r *reader) typeOf(schema node) Type {
	if ref := schema.get("$ref").text(); ref != "" {
		name := ref[strings.LastIndexByte(ref, '/')+1:]
		return Type{{Text: name, Schema: name}}
	}
	if all := schema.get("allOf").items(); len(all) > 0 {
		return r.typeOf(all[0])
	}
	for _, either := range []string{"anyOf", "oneOf"} {
		if choices := schema.get(either).items(); len(choices) > 0 {
			return r.join(choices, " or ")
		}
	}
	if value := schema.get("const").text(); value != "" {
		return Type{{Text: value}}
	}
	if values := schema.get("enum").items(); len(values) > 0 {
		words := make([]string, len(values))
		for i, value := range values {
			words[i] = value.text()
		}
		return Type{{Text: strings.Join(words, ", ")}}
	}
	kinds := schema.get("type").items()
	if len(kinds) == 0 {
		kinds = []node{schema.get("type")}
	}
	var words Type
	for i, kind := range kinds {
		if i > 0 {
			words = append(words, Word{Text: " or "})
		}
		words = append(words, r.kind(kind.text(), schema)...)
	}
	return words
}

func (r *reader) join(choices []node, between string) Type {
	var words Type
	for i, choice := range choices {
		if i > 0 {
			words = append(words, Word{Text: between})
		}
		words = append(words, r.typeOf(choice)...)
	}
	return words
}

// kind is a type by its name in JSON Schema, and what narrows it.
func (r *reader) kind(name string, schema node) Type {
	switch name {
	case "array":
		return append(Type{{Text: "array of "}}, r.typeOf(schema.get("items"))...)
	case "object":
		if values := schema.get("additionalProperties"); values.v != nil {
			return append(Type{{Text: "object of "}}, r.typeOf(values)...)
		}
	case "string":
		switch format := schema.get("format").text(); format {
		case "":
		case "date-time":
			name = "time"
		default:
			name = format
		}
	case "integer", "number":
		least, most := schema.get("minimum").text(), schema.get("maximum").text()
		switch {
		case least != "" && most != "":
			name += " from " + least + " to " + most
		case least != "":
			name += " from " + least
		}
	}
	return Type{{Text: name}}
}

// example makes a value that the schema allows, from the examples in it where
// there are some.
func (r *reader) example(schema node, depth int) node {
	if depth > maxDepth {
		return node{}
	}
	if given := schema.get("example"); given.v != nil {
		return given
	}
	if given := schema.get("examples").items(); len(given) > 0 {
		return given[0]
	}
	if schema.get("$ref").text() != "" {
		return r.example(r.resolve(schema), depth+1)
	}
	for _, several := range []string{"allOf", "anyOf", "oneOf", "enum"} {
		if first := schema.get(several).items(); len(first) > 0 && several == "enum" {
			return first[0]
		} else if len(first) > 0 {
			return r.example(first[0], depth+1)
		}
	}
	if given := schema.get("const"); given.v != nil {
		return given
	}
	if given := schema.get("default"); given.v != nil {
		return given
	}
	kind := schema.get("type").text()
	if kinds := schema.get("type").items(); len(kinds) > 0 {
		kind = kinds[0].text()
	}
	return r.exampleOf(kind, schema, depth)
}

func (r *reader) exampleOf(kind string, schema node, depth int) node {
	switch kind {
	case "object":
		members := yaml.MapSlice{}
		for name, property := range schema.get("properties").members() {
			members = append(members, yaml.MapItem{Key: name, Value: r.example(property, depth+1)})
		}
		if values := schema.get("additionalProperties"); len(values.items()) == 0 && values.text() == "" && values.v != nil {
			members = append(members, yaml.MapItem{Key: "name", Value: r.example(values, depth+1)})
		}
		return node{members}
	case "array":
		return node{[]any{r.example(schema.get("items"), depth+1)}}
	case "integer":
		return node{exampleNumber(schema, 12)}
	case "number":
		return node{exampleNumber(schema, 3.5)}
	case "boolean":
		return node{false}
	}
	if schema.get("format").text() == "date-time" {
		return node{"2017-11-03T08:00:00Z"}
	}
	return node{"…"}
}

// exampleNumber is the usual one where the schema allows it.
func exampleNumber(schema node, usual any) any {
	if least, err := strconv.Atoi(schema.get("minimum").text()); err == nil && least > 12 {
		return least
	}
	return usual
}
