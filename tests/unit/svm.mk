# SPDX-License-Identifier: MIT
# What the guest may ask of SVM; privileged instructions are replaced.
unit-tests-y += msr
msr-y += tests/unit/msr_test.c

# Entering the guest.
unit-tests-y += svm_run
svm_run-y += tests/unit/svm_run_test.c core/x86/npt.c

# Whose code an SMI runs; the CPU is faked.
unit-tests-y += smm
smm-y += tests/unit/smm_test.c core/x86/smm_code.S

# The instruction of an exit.
unit-tests-y += svm_insn
svm_insn-y += tests/unit/svm_insn_test.c core/x86/svm/insn.c
