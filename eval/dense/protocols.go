package dense

import "github.com/tessera-go/tessera/eval"

// Protocols lists the protocols of this room.
func Protocols() []eval.Kind { return []eval.Kind{segmentKind, normalsKind, depthKind, keyPointsKind} }
