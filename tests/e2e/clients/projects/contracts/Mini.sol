// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// OpenZeppelin's plain ERC-20, all of it minted to who deploys it.
contract Mini is ERC20 {
    constructor(string memory name, uint256 supply) ERC20(name, "MINI") {
        _mint(msg.sender, supply);
    }
}
