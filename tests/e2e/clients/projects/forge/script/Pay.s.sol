// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.27;

import {Mini} from "../contracts/Mini.sol";

interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Two transactions that Forge runs here first, on the chain's state, and then sends.
contract Pay {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external returns (address) {
        VM.startBroadcast();
        Mini mini = new Mini("Scripted", 500);
        mini.transfer(address(0x99), 123);
        VM.stopBroadcast();
        return address(mini);
    }
}
