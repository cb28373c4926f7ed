// Package dictionary holds the zstd dictionary (id 1612007021) with which
// Jetstream compresses its events: pkg/models/zstd_dictionary of
// github.com/bluesky-social/jetstream, byte for byte. It is copyright (c)
// 2022-2026 Bluesky Social PBC and contributors, under
// the licences named in LICENSE-DUAL, of which Outcry chooses the MIT licence.
package dictionary

import _ "embed"

//go:embed jetstream.zdict
var jetstream []byte

// Jetstream returns the dictionary, which must not be changed.
func Jetstream() []byte { return jetstream }
