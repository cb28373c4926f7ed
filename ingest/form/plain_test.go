package form

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlainJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"service":"whatsapp"}`:                                   true,
		" {\n\t\"service\" : \"whatsapp\" ,\r\"country\":\"NL\"} ": true,
		`{}`:                            false,
		`{"service":""}`:                false,
		`{"service":"a","service":"b"}`: false,
		`{"service":"\u0061"}`:          false,
		`{"service":"é"}`:               false,
		`{"service":"a",}`:              false,
		`{"service":"a"}}`:              false,
		`{"service":1}`:                 false,
		`{"other":"a"}`:                 false,
		`{"service":"a"`:                false,
		`{"service`:                     false,
		``:                              false,
	} {
		_, plain := plainJSON([]byte(text))
		require.Equal(t, want, plain, text)
	}
}

// FuzzPlainJSON compares the two readers with one another and with encoding/json.
func FuzzPlainJSON(f *testing.F) {
	f.Add([]byte(`{"service":"whatsapp","country":"NL","problem":"calls"}`))
	f.Add([]byte(`{"service":"\u0061","problem":null}`))
	f.Add([]byte(`{"service":"a"}{"service":"b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		slow, err := decodeAnyJSON(body)
		if fast, plain := plainJSON(body); plain {
			if err != nil {
				require.ErrorContains(t, err, "at most", "too long is not for it to say")
				return
			}
			require.Equal(t, slow, fast)
		}
		if err != nil {
			return
		}
		var said map[string]*string
		require.NoError(t, json.Unmarshal(body, &said))
		for name, value := range said {
			if value != nil {
				require.Equal(t, *value, *slow.field(name))
			}
		}
	})
}
