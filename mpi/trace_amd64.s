#include "go_asm.h"
#include "textflag.h"

// A frame pointer points to the caller's, and the return address lies above it.
// What is not above, or far from it, is none: 0 at the end of the stack, or
// anything where C has called Go.

// func callers(t *trace)
TEXT ·callers(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ t+0(FP), DI
	MOVQ BP, SI
	MOVQ $const_traceDepth, CX

loop:
	MOVQ 8(SI), AX
	MOVQ AX, (DI)
	ADDQ $8, DI
	DECQ CX
	JEQ  full
	MOVQ (SI), DX
	SUBQ SI, DX
	CMPQ DX, $65536
	JHI  end
	ADDQ DX, SI
	JMP  loop

end:
	MOVQ $0, (DI)

full:
	RET
