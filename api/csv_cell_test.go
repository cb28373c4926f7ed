package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "whatsapp": "whatsapp", "O2": "O2", "a=b": "a=b", "=1+1": "'=1+1", "+x": "'+x", "-x": "'-x", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx",
		"é": "é",
	} {
		require.Equal(t, want, plainCell(text))
	}
}
