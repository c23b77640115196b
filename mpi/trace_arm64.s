#include "go_asm.h"
#include "textflag.h"

// See trace_amd64.s.

// func callers(t *trace)
TEXT ·callers(SB), NOSPLIT|NOFRAME, $0-8
	MOVD t+0(FP), R0
	MOVD R29, R1
	MOVD $const_traceDepth, R2

loop:
	MOVD   8(R1), R3
	MOVD.P R3, 8(R0)
	SUB    $1, R2
	CBZ    R2, full
	MOVD   (R1), R3
	SUB    R1, R3
	CMP    $65536, R3
	BHI    end
	ADD    R3, R1
	B      loop

end:
	MOVD ZR, (R0)

full:
	RET
