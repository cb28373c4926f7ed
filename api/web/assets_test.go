package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/web"
)

func TestAssetsTravelInGzipAndWithoutIt(t *testing.T) {
	t.Parallel()
	renderer, err := web.New(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	router := gin.New()
	renderer.Mount(router)
	page, err := renderer.Make(web.Choice{Lang: web.English, Theme: "auto"}, web.PageHome, "", web.Home{})
	require.NoError(t, err)
	files := regexp.MustCompile(`/assets/[a-z]+-[0-9a-f]+\.[a-z]+`).FindAllString(string(page), -1)
	require.Len(t, files, 4, "style, icon, script and map")
	for _, file := range files {
		get := func(accept string) *httptest.ResponseRecorder {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, file, nil)
			request.Header.Set("Accept-Encoding", accept)
			recorder := httptest.NewRecorder()
			router.ServeHTTP(recorder, request)
			require.Equal(t, http.StatusOK, recorder.Code)
			return recorder
		}
		plain, packed := get("identity"), get("gzip, br")
		require.Empty(t, plain.Header().Get("Content-Encoding"))
		if plain.Body.Len() < 1024 {
			require.Equal(t, plain.Body.Bytes(), packed.Body.Bytes())
			continue
		}
		require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
		require.Equal(t, "Accept-Encoding", plain.Header().Get("Vary"))
		reader, err := gzip.NewReader(packed.Body)
		require.NoError(t, err)
		unpacked, err := io.ReadAll(reader)
		require.NoError(t, err)
		require.Equal(t, plain.Body.Bytes(), unpacked)
	}
}
