package reference_test

import (
	"encoding/json"
	"html/template"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/reference"
)

const small = `
openapi: 3.1.0
info: {version: "1", description: "All of it.\n\nAnd ` + "`more` <b>" + `."}
tags: [{name: things}]
paths:
  /things/{id}:
    parameters:
      - {$ref: "#/components/parameters/ID"}
    post:
      tags: [things]
      operationId: make
      summary: Make one.
      parameters:
        - {name: kind, in: query, example: "a b", schema: {type: string, enum: [a b, c], default: c}}
      requestBody:
        content:
          application/json: {schema: {$ref: "#/components/schemas/Thing"}}
      responses:
        "200":
          description: It.
          headers: {ETag: {description: Its tag.}}
          content:
            text/event-stream: {schema: {type: string}, example: "data: 1"}
components:
  parameters:
    ID: {name: id, in: path, required: true, schema: {type: integer, minimum: 400, maximum: 500}}
  schemas:
    Thing:
      type: object
      required: [size]
      properties:
        size: {type: number, description: In metres.}
        at: {type: [string, "null"], format: date-time}
        parts: {type: array, items: {$ref: "#/components/schemas/Thing"}}
        either: {anyOf: [{$ref: "#/components/schemas/Word"}, {type: "null"}]}
        counts: {type: object, additionalProperties: {type: integer}}
        all: {allOf: [{$ref: "#/components/schemas/Word"}], description: As it is called.}
        fixed: {const: yes it is}
    Word: {type: string, examples: [hello], description: A word.}
`

func words(of reference.Type) string {
	var text strings.Builder
	for _, word := range of {
		text.WriteString(word.Text)
	}
	return text.String()
}

func TestReferenceSaysWhatTheDescriptionSays(t *testing.T) {
	t.Parallel()
	read, err := reference.Read([]byte(small))
	require.NoError(t, err)
	require.Equal(t, []template.HTML{"All of it.", "And <code>more</code> &lt;b&gt;."}, read.Intro.Paragraphs())
	call := read.Groups[0].Calls[0]
	require.Equal(t, "POST", call.Method)
	require.Equal(t, "integer from 400 to 500", words(call.Parameters[0].Type))
	require.True(t, call.Parameters[0].Required)
	require.Equal(t, "a b, c", words(call.Parameters[1].Type))
	require.Equal(t, "c", call.Parameters[1].Default)
	require.Equal(t, "ETag", call.Answers[0].Headers[0].Name)
	require.Equal(t, "data: 1", call.Answers[0].Content[0].Example)
	require.Contains(t, call.Curl("https://outcry.example"), "curl -N 'https://outcry.example/things/400?kind=a+b' \\\n")

	thing := read.Schemas[0]
	types := map[string]string{}
	for _, property := range thing.Properties {
		types[property.Name] = words(property.Type)
		require.Equal(t, property.Name == "size", property.Required)
	}
	require.Equal(t, map[string]string{
		"size": "number", "at": "time or null", "parts": "array of Thing", "either": "Word or null", "counts": "object of integer",
		"all": "Word", "fixed": "yes it is",
	}, types)
	var example map[string]any
	require.NoError(t, json.Unmarshal([]byte(thing.Example), &example))
	require.Equal(t, "hello", example["either"])
	require.Equal(t, "2017-11-03T08:00:00Z", example["at"])
	require.Equal(t, map[string]any{"name": 12.}, example["counts"])
	require.Len(t, example["parts"], 1, "a thing in itself ends somewhere")
}

func TestDescriptionsWithMistakesAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no YAML":    "{",
		"no target":  `paths: {/a: {get: {responses: {"200": {$ref: "#/nowhere"}}}}}`,
		"no summary": `{tags: [{name: a}], paths: {/a: {get: {tags: [a], operationId: b}}}}`,
		"no tag":     `{paths: {/a: {get: {operationId: b, summary: c}}}}`,
		"a circle":   `{tags: [{name: a}], paths: {/a: {get: {tags: [a], operationId: b, summary: c, responses: {"200": {$ref: "#/x"}}}}}, x: {$ref: "#/x"}}`,
	} {
		_, err := reference.Read([]byte(text))
		require.ErrorContains(t, err, "description of the API", name)
	}
}
