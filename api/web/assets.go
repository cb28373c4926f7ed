package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages link to. Their names carry a hash of their
// content, so that browsers may keep them for good.
type assets struct {
	hashed map[string]string // "style.css" → "style-1f2e3d4c.css"
	files  map[string]asset  // by hashed name
}

type asset struct {
	mediaType string
	body      []byte
	packed    []byte // in gzip
}

func loadAssets() (*assets, error) {
	a := &assets{hashed: map[string]string{}, files: map[string]asset{}}
	names, err := fs.Glob(assetFiles, "assets/*")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	for _, name := range names {
		body, err := assetFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		sum := sha256.Sum256(body)
		base, ext := path.Base(name), path.Ext(name)
		hashed := strings.TrimSuffix(base, ext) + "-" + hex.EncodeToString(sum[:4]) + ext
		a.hashed[base] = hashed
		a.files[hashed] = asset{mediaType: mime.TypeByExtension(ext), body: body, packed: pack(body)}
	}
	return a, nil
}

// href returns the address of an asset, for templates.
func (a *assets) href(name string) (string, error) {
	hashed, ok := a.hashed[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return "/assets/" + hashed, nil
}

func (a *assets) mount(router gin.IRouter) {
	for hashed, file := range a.files {
		router.GET("/assets/"+hashed, func(c *gin.Context) {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
			c.Data(http.StatusOK, file.mediaType, encoded(c, file))
		})
	}
}
