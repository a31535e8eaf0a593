# pragma version 0.4.3
"""
@title Permit2, the logic
@notice Token allowances and transfers by signature. Runs behind the selectors of Permit2 at its usual address.
@dev Permit2 overloads four names, which Vyper cannot; the assembled front at the address calls `…Batch` here instead.
     Bounds are Vyper's need: 32 items a batch, 4 KiB of signature.
"""

# error AllowanceExpired(uint256 deadline)
# error ExcessiveInvalidation()
# error InsufficientAllowance(uint256 amount)
# error InvalidAmount(uint256 maxAmount)
# error InvalidContractSignature()
# error InvalidNonce()
# error InvalidSignature()
# error InvalidSignatureLength()
# error InvalidSigner()
# error LengthMismatch()
# error SignatureExpired(uint256 signatureDeadline)
# error TransferFailed()

interface Wallet:
    def isValidSignature(hash: bytes32, signature: Bytes[MAX_SIGNATURE]) -> bytes4: view

struct PackedAllowance:
    amount: uint160
    expiration: uint48
    nonce: uint48

struct PermitDetails:
    token: address
    amount: uint160
    expiration: uint48
    nonce: uint48

struct PermitSingle:
    details: PermitDetails
    spender: address
    sigDeadline: uint256

struct PermitBatch:
    details: DynArray[PermitDetails, MAX_BATCH]
    spender: address
    sigDeadline: uint256

struct AllowanceTransferDetails:
    from_: address
    to: address
    amount: uint160
    token: address

struct TokenSpenderPair:
    token: address
    spender: address

struct TokenPermissions:
    token: address
    amount: uint256

struct PermitTransferFrom:
    permitted: TokenPermissions
    nonce: uint256
    deadline: uint256

struct PermitBatchTransferFrom:
    permitted: DynArray[TokenPermissions, MAX_BATCH]
    nonce: uint256
    deadline: uint256

struct SignatureTransferDetails:
    to: address
    requestedAmount: uint256

event Approval:
    owner: indexed(address)
    token: indexed(address)
    spender: indexed(address)
    amount: uint160
    expiration: uint48

event Permit:
    owner: indexed(address)
    token: indexed(address)
    spender: indexed(address)
    amount: uint160
    expiration: uint48
    nonce: uint48

event Lockdown:
    owner: indexed(address)
    token: address
    spender: address

event NonceInvalidation:
    owner: indexed(address)
    token: indexed(address)
    spender: indexed(address)
    newNonce: uint48
    oldNonce: uint48

event UnorderedNonceInvalidation:
    owner: indexed(address)
    word: uint256
    mask: uint256

MAX_BATCH: constant(uint256) = 32
MAX_SIGNATURE: constant(uint256) = 4_096
MAX_WITNESS_TYPE: constant(uint256) = 2_048
HALF_WORD_MASK: constant(uint256) = 2**255 - 1

DOMAIN_TYPE: constant(bytes32) = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)")
NAME: constant(bytes32) = keccak256("Permit2")
DETAILS_TYPE: constant(bytes32) = keccak256(
    "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
)
SINGLE_TYPE: constant(bytes32) = keccak256(
    "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
)
BATCH_TYPE: constant(bytes32) = keccak256(
    "PermitBatch(PermitDetails[] details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
)
PERMISSIONS_TYPE: constant(bytes32) = keccak256("TokenPermissions(address token,uint256 amount)")
TRANSFER_TYPE: constant(bytes32) = keccak256(
    "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)"
)
BATCH_TRANSFER_TYPE: constant(bytes32) = keccak256(
    "PermitBatchTransferFrom(TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)"
)
WITNESS_STUB: constant(String[110]) = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
BATCH_WITNESS_STUB: constant(String[120]) = "PermitBatchWitnessTransferFrom(TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline,"

allowances: HashMap[address, HashMap[address, HashMap[address, PackedAllowance]]]  # owner, token, spender
nonceBitmap: public(HashMap[address, HashMap[uint256, uint256]])


# Allowances


@external
@view
def allowance(user: address, token: address, spender: address) -> (uint160, uint48, uint48):
    """
    @return Amount, expiration and the nonce of the next permit.
    """
    allowed: PackedAllowance = self.allowances[user][token][spender]
    return allowed.amount, allowed.expiration, allowed.nonce


@external
def approve(token: address, spender: address, amount: uint160, expiration: uint48):
    self._set_allowance(msg.sender, token, spender, amount, expiration)
    log Approval(owner=msg.sender, token=token, spender=spender, amount=amount, expiration=expiration)


@external
def permit(owner: address, permitSingle: PermitSingle, signature: Bytes[MAX_SIGNATURE]):
    self._not_after(permitSingle.sigDeadline)
    self._verify(
        owner,
        keccak256(
            abi_encode(
                SINGLE_TYPE, self._hash_details(permitSingle.details), permitSingle.spender, permitSingle.sigDeadline
            )
        ),
        signature,
    )
    self._apply_permit(owner, permitSingle.spender, permitSingle.details)


@external
def permitBatch(owner: address, permitBatch: PermitBatch, signature: Bytes[MAX_SIGNATURE]):
    self._not_after(permitBatch.sigDeadline)
    hashes: DynArray[bytes32, MAX_BATCH] = []
    for details: PermitDetails in permitBatch.details:
        hashes.append(self._hash_details(details))
    digest: bytes32 = keccak256(
        abi_encode(BATCH_TYPE, self._hash_words(hashes), permitBatch.spender, permitBatch.sigDeadline)
    )
    self._verify(owner, digest, signature)
    for details: PermitDetails in permitBatch.details:
        self._apply_permit(owner, permitBatch.spender, details)


@external
def transferFrom(from_: address, to: address, amount: uint160, token: address):
    self._transfer_allowed(from_, to, amount, token)


@external
def transferFromBatch(transferDetails: DynArray[AllowanceTransferDetails, MAX_BATCH]):
    for details: AllowanceTransferDetails in transferDetails:
        self._transfer_allowed(details.from_, details.to, details.amount, details.token)


@external
def lockdown(approvals: DynArray[TokenSpenderPair, MAX_BATCH]):
    """
    @notice Takes back allowances of the caller.
    """
    for pair: TokenSpenderPair in approvals:
        self.allowances[msg.sender][pair.token][pair.spender].amount = 0
        log Lockdown(owner=msg.sender, token=pair.token, spender=pair.spender)


@external
def invalidateNonces(token: address, spender: address, newNonce: uint48):
    """
    @notice Skips up to 65,535 nonces of permits that the caller signed.
    """
    old: uint48 = self.allowances[msg.sender][token][spender].nonce
    if newNonce <= old:
        raw_revert(method_id("InvalidNonce()"))
    if newNonce - old > 65_535:
        raw_revert(method_id("ExcessiveInvalidation()"))
    self.allowances[msg.sender][token][spender].nonce = newNonce
    log NonceInvalidation(owner=msg.sender, token=token, spender=spender, newNonce=newNonce, oldNonce=old)


# Transfers by signature


@external
def permitTransferFrom(
    permit: PermitTransferFrom,
    transferDetails: SignatureTransferDetails,
    owner: address,
    signature: Bytes[MAX_SIGNATURE],
):
    digest: bytes32 = keccak256(
        abi_encode(TRANSFER_TYPE, self._hash_permitted(permit.permitted), msg.sender, permit.nonce, permit.deadline)
    )
    self._transfer_signed(permit, transferDetails, owner, digest, signature)


@external
def permitWitnessTransferFrom(
    permit: PermitTransferFrom,
    transferDetails: SignatureTransferDetails,
    owner: address,
    witness: bytes32,
    witnessTypeString: String[MAX_WITNESS_TYPE],
    signature: Bytes[MAX_SIGNATURE],
):
    """
    @notice As permitTransferFrom, for a signature that covers a struct of the caller's too.
    """
    type_hash: bytes32 = keccak256(concat(WITNESS_STUB, witnessTypeString))
    digest: bytes32 = keccak256(
        abi_encode(
            type_hash, self._hash_permitted(permit.permitted), msg.sender, permit.nonce, permit.deadline, witness
        )
    )
    self._transfer_signed(permit, transferDetails, owner, digest, signature)


@external
def permitTransferFromBatch(
    permit: PermitBatchTransferFrom,
    transferDetails: DynArray[SignatureTransferDetails, MAX_BATCH],
    owner: address,
    signature: Bytes[MAX_SIGNATURE],
):
    digest: bytes32 = keccak256(
        abi_encode(
            BATCH_TRANSFER_TYPE, self._hash_all_permitted(permit.permitted), msg.sender, permit.nonce, permit.deadline
        )
    )
    self._transfer_signed_batch(permit, transferDetails, owner, digest, signature)


@external
def permitWitnessTransferFromBatch(
    permit: PermitBatchTransferFrom,
    transferDetails: DynArray[SignatureTransferDetails, MAX_BATCH],
    owner: address,
    witness: bytes32,
    witnessTypeString: String[MAX_WITNESS_TYPE],
    signature: Bytes[MAX_SIGNATURE],
):
    type_hash: bytes32 = keccak256(concat(BATCH_WITNESS_STUB, witnessTypeString))
    digest: bytes32 = keccak256(
        abi_encode(
            type_hash,
            self._hash_all_permitted(permit.permitted),
            msg.sender,
            permit.nonce,
            permit.deadline,
            witness,
        )
    )
    self._transfer_signed_batch(permit, transferDetails, owner, digest, signature)


@external
def invalidateUnorderedNonces(wordPos: uint256, mask: uint256):
    self.nonceBitmap[msg.sender][wordPos] |= mask
    log UnorderedNonceInvalidation(owner=msg.sender, word=wordPos, mask=mask)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain()


# Inside


@internal
def _set_allowance(owner: address, token: address, spender: address, amount: uint160, expiration: uint48):
    """
    @notice An expiration of zero means: in this block only.
    """
    self.allowances[owner][token][spender].amount = amount
    self.allowances[owner][token][spender].expiration = (
        convert(block.timestamp, uint48) if expiration == 0 else expiration
    )


@internal
def _apply_permit(owner: address, spender: address, details: PermitDetails):
    if self.allowances[owner][details.token][spender].nonce != details.nonce:
        raw_revert(method_id("InvalidNonce()"))
    self.allowances[owner][details.token][spender].nonce = unsafe_add(details.nonce, 1)
    self._set_allowance(owner, details.token, spender, details.amount, details.expiration)
    log Permit(
        owner=owner,
        token=details.token,
        spender=spender,
        amount=details.amount,
        expiration=details.expiration,
        nonce=details.nonce,
    )


@internal
def _transfer_allowed(owner: address, to: address, amount: uint160, token: address):
    allowed: PackedAllowance = self.allowances[owner][token][msg.sender]
    if block.timestamp > convert(allowed.expiration, uint256):
        raw_revert(
            abi_encode(convert(allowed.expiration, uint256), method_id=method_id("AllowanceExpired(uint256)"))
        )
    if allowed.amount != max_value(uint160):
        if amount > allowed.amount:
            raw_revert(
                abi_encode(convert(allowed.amount, uint256), method_id=method_id("InsufficientAllowance(uint256)"))
            )
        self.allowances[owner][token][msg.sender].amount = allowed.amount - amount
    self._transfer(token, owner, to, convert(amount, uint256))


@internal
def _transfer_signed(
    permit: PermitTransferFrom,
    details: SignatureTransferDetails,
    owner: address,
    digest: bytes32,
    signature: Bytes[MAX_SIGNATURE],
):
    self._not_after(permit.deadline)
    self._within(details.requestedAmount, permit.permitted.amount)
    self._use_nonce(owner, permit.nonce)
    self._verify(owner, digest, signature)
    self._transfer(permit.permitted.token, owner, details.to, details.requestedAmount)


@internal
def _transfer_signed_batch(
    permit: PermitBatchTransferFrom,
    details: DynArray[SignatureTransferDetails, MAX_BATCH],
    owner: address,
    digest: bytes32,
    signature: Bytes[MAX_SIGNATURE],
):
    self._not_after(permit.deadline)
    if len(permit.permitted) != len(details):
        raw_revert(method_id("LengthMismatch()"))
    self._use_nonce(owner, permit.nonce)
    self._verify(owner, digest, signature)
    for i: uint256 in range(len(details), bound=MAX_BATCH):
        requested: uint256 = details[i].requestedAmount
        self._within(requested, permit.permitted[i].amount)
        if requested != 0:
            self._transfer(permit.permitted[i].token, owner, details[i].to, requested)


@internal
def _use_nonce(owner: address, nonce: uint256):
    """
    @notice Each nonce is one bit: the low byte is its place in the word that the rest names.
    """
    bit: uint256 = 1 << (nonce & 255)
    word: uint256 = self.nonceBitmap[owner][nonce >> 8]
    if word & bit != 0:
        raw_revert(method_id("InvalidNonce()"))
    self.nonceBitmap[owner][nonce >> 8] = word | bit


@internal
def _transfer(token: address, owner: address, to: address, amount: uint256):
    """
    @notice Takes tokens that answer nothing, true, or revert.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        token,
        abi_encode(owner, to, amount, method_id=method_id("transferFrom(address,address,uint256)")),
        max_outsize=32,
        revert_on_failure=False,
    )
    if not success or token.codesize == 0 or (len(answer) != 0 and convert(answer, uint256) != 1):
        raw_revert(method_id("TransferFailed()"))


@internal
@view
def _verify(owner: address, struct_hash: bytes32, signature: Bytes[MAX_SIGNATURE]):
    """
    @notice An account signs in 65 bytes or in EIP-2098's 64, a contract answers for itself (ERC-1271).
    """
    digest: bytes32 = keccak256(concat(b"\x19\x01", self._domain(), struct_hash))
    if owner.codesize != 0:
        if staticcall Wallet(owner).isValidSignature(digest, signature) != 0x1626ba7e:
            raw_revert(method_id("InvalidContractSignature()"))
        return
    if len(signature) != 65 and len(signature) != 64:
        raw_revert(method_id("InvalidSignatureLength()"))
    s: uint256 = convert(extract32(signature, 32), uint256)
    v: uint256 = 0
    if len(signature) == 65:
        v = convert(slice(signature, 64, 1), uint256)
    else:
        v = (s >> 255) + 27
        s = s & HALF_WORD_MASK
    signer: address = ecrecover(digest, v, convert(extract32(signature, 0), uint256), s)
    if signer == empty(address):
        raw_revert(method_id("InvalidSignature()"))
    if signer != owner:
        raw_revert(method_id("InvalidSigner()"))


@internal
@view
def _domain() -> bytes32:
    return keccak256(abi_encode(DOMAIN_TYPE, NAME, chain.id, self))


@internal
@pure
def _hash_details(details: PermitDetails) -> bytes32:
    return keccak256(
        abi_encode(DETAILS_TYPE, details.token, details.amount, details.expiration, details.nonce)
    )


@internal
@pure
def _hash_permitted(permitted: TokenPermissions) -> bytes32:
    return keccak256(abi_encode(PERMISSIONS_TYPE, permitted.token, permitted.amount))


@internal
@pure
def _hash_all_permitted(permitted: DynArray[TokenPermissions, MAX_BATCH]) -> bytes32:
    hashes: DynArray[bytes32, MAX_BATCH] = []
    for item: TokenPermissions in permitted:
        hashes.append(self._hash_permitted(item))
    return self._hash_words(hashes)


@internal
@pure
def _hash_words(words: DynArray[bytes32, MAX_BATCH]) -> bytes32:
    """
    @notice EIP-712's hash of an array: its members' words without offset and length.
    """
    return keccak256(slice(abi_encode(words), 64, 32 * len(words)))


@internal
@view
def _not_after(deadline: uint256):
    if block.timestamp > deadline:
        raw_revert(abi_encode(deadline, method_id=method_id("SignatureExpired(uint256)")))


@internal
@pure
def _within(requested: uint256, permitted: uint256):
    if requested > permitted:
        raw_revert(abi_encode(permitted, method_id=method_id("InvalidAmount(uint256)")))
